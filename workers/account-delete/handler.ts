import { setTimeout as timeout } from "node:timers/promises";
import { purgeInBatches, type Payload, type PurgeOptions, type PurgeStep, type Run } from "../core/index.ts";
import { email } from "../email/job.ts";
import { accountDelete } from "./job.ts";

export interface Deps<Tx> extends PurgeOptions {
  /**
   * Closes the account, or finds that an earlier run has. Resolves with undefined if the deletion was cancelled or is
   * finished.
   */
  close(deletionId: string): Promise<Account | undefined>;
  /** Deletes one kind of data after the other, in the order in which it must go. */
  steps(account: Account): readonly PurgeStep[];
  /** Deletes the account itself. Resolves with what is left instead, if anything is. */
  finish(tx: Tx, account: Account): Promise<readonly string[]>;
  /** Enqueues the job that continues the deletion after `delay` ms. */
  handOn(tx: Tx, account: Account, delay: number): Promise<unknown>;
  /** By default, sleeps for that many milliseconds. */
  pause?(ms: number, signal: AbortSignal): Promise<unknown>;
}

export interface Account {
  deletionId: string;
  userId: string;
}

/** Rounds in a run after which a follow-up takes over. */
const ROUNDS = 30;
/** Milliseconds between two rounds: something that was in progress when the account was closed is still in progress. */
const ROUND_PAUSE = 1_000;
/** Milliseconds before a follow-up. */
const LATER = 30_000;
/** Signs of load in a row after which a batch runs all the same: a deletion may be slow, but it must end. */
const PATIENCE = 5;

export const deleteAccount =
  <Tx>({ close, steps, finish, pause = sleep, ...deps }: Deps<Tx>) =>
  async ({ deletionId }: Payload<typeof accountDelete>, run: Run<Tx>): Promise<unknown> => {
    const account = await close(deletionId);
    if (!account) return "skipped: the deletion was cancelled, or is finished";

    const total: Record<string, number> = {};
    const findLoad = patient(deps.findLoad);
    for (let round = 1; ; round++) {
      const { note, ...counts } = await purgeInBatches(steps(account), { ...deps, findLoad }, run);
      for (const [what, count] of Object.entries(counts)) total[what] = (total[what] ?? 0) + Number(count);
      if (note) return continueLater(deps, account, run, { ...total, note });
      try {
        return await run.complete(async (tx) => {
          const left = await finish(tx, account);
          if (left.length > 0) throw new LeftError(left);
          run.enqueue(email, { template: "account-deleted", recordId: deletionId });
          return total;
        });
      } catch (error) {
        if (!(error instanceof LeftError)) throw error;
        if (round === ROUNDS) return continueLater(deps, account, run, { ...total, note: error.message });
      }
      await pause(ROUND_PAUSE, run.signal);
    }
  };

/** Rolls the end of the deletion back. */
class LeftError extends Error {
  constructor(left: readonly string[]) {
    super(`left: ${left.join(", ")}`);
  }
}

const continueLater = <Tx>(
  { handOn }: Pick<Deps<Tx>, "handOn">,
  account: Account,
  run: Run<Tx>,
  result: object,
): Promise<object> =>
  run.complete(async (tx) => {
    await handOn(tx, account, LATER);
    return result;
  });

/** A look at the load that lets a batch through now and then, however busy the database is. */
const patient = (findLoad: PurgeOptions["findLoad"]): PurgeOptions["findLoad"] => {
  let signs = 0;
  return async () => {
    const load = await findLoad();
    signs = load === undefined || signs === PATIENCE ? 0 : signs + 1;
    return signs === 0 ? undefined : load;
  };
};

const sleep = (ms: number, signal: AbortSignal) =>
  timeout(ms, undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
