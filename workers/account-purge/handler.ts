import {
  purgeInBatches,
  type Payload,
  type PurgedBatch,
  type PurgeOptions,
  type Run,
} from "../core/index.ts";
import type { accountPurge } from "./job.ts";

export interface Deps extends PurgeOptions {
  /** Days after the sign-up. */
  unverifiedDays: number;
  /**
   * Looks at up to `limit` unverified accounts created at `until` or before. Deletes those without a valid verification
   * link and without anything that would be deleted or changed with them, and counts them as `accounts`; counts the
   * others as `kept`.
   */
  deleteUnverified(until: Date, after: string | undefined, limit: number): Promise<PurgedBatch>;
}

/** Fewer than of other rows, because each has a dozen foreign keys to check. */
const BATCH_SIZE = 200;
const DAY = 86_400_000;

export const purgeAccounts =
  ({ unverifiedDays, deleteUnverified, ...options }: Deps) =>
  (_payload: Payload<typeof accountPurge>, run: Pick<Run, "signal" | "progress">) => {
    const until = new Date(Date.now() - unverifiedDays * DAY);
    return purgeInBatches([(after) => deleteUnverified(until, after, BATCH_SIZE)], options, run);
  };
