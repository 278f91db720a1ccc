import type { Tx } from "../../infra/database.ts";
import type { Transaction } from "../http/contract.ts";

/** Rows that one statement changes: far below what the statement timeout allows. */
const BATCH = 1_000;

/**
 * Repeats a step, each time in its own transaction, until it has changed fewer rows than its limit. The step that does
 * so is the last, and finishes the work. If the request dies before it, what is done stays and the request can be
 * repeated.
 */
export const inBatches = async (
  transaction: Transaction,
  step: (tx: Tx, limit: number) => Promise<number>,
): Promise<void> => {
  while ((await transaction(({ tx }) => step(tx, BATCH))) >= BATCH);
};
