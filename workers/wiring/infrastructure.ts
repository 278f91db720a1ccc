import type { Config } from "../../infra/config.ts";
import type { Database, Tx } from "../../infra/database.ts";
import type { Storage } from "../../infra/storage/storage.ts";
import type { Jobs, Log, Worker } from "../core/index.ts";

/** What a worker process has opened, for its modules to use. */
export interface Infrastructure {
  readonly config: Config<"worker">;
  readonly log: Log;
  readonly prisma: Database["prisma"];
  /** Transactions in which a handler can enqueue jobs before it has completed its own. */
  readonly jobs: Jobs<Tx>;
  readonly storage: Storage;
  /** Registers a function that runs when the process closes, after the last job. */
  onClose(close: () => void): void;
}

/** Builds a module's worker. Undefined where the machine lacks a program that the module needs. */
export type Wire = (
  infrastructure: Infrastructure,
) => Worker<Tx> | undefined | Promise<Worker<Tx> | undefined>;
