import {
  purgeInBatches,
  type Payload,
  type PurgedBatch,
  type PurgeOptions,
  type Run,
} from "../core/index.ts";
import type { sessionPurge } from "./job.ts";

export interface Deps extends PurgeOptions {
  /** Deletes up to `limit` sessions that expired at `until` or before, and counts them as `expired`. */
  deleteExpired(until: Date, after: string | undefined, limit: number): Promise<PurgedBatch>;
  /** Deletes up to `limit` sessions of users who are not verified, and counts them as `orphaned`. */
  deleteOrphaned(after: string | undefined, limit: number): Promise<PurgedBatch>;
}

const BATCH_SIZE = 1_000;
/**
 * Milliseconds. The API compares with its own clock. The hour is far more than clocks differ, so that a session which
 * the API still accepts, and renews, is not deleted.
 */
const GRACE = 3_600_000;

/** A session that is idle for too long has expired too: see api/accounts/session-lifetime.ts. */
export const purgeSessions =
  ({ deleteExpired, deleteOrphaned, ...options }: Deps) =>
  (_payload: Payload<typeof sessionPurge>, run: Pick<Run, "signal" | "progress">) => {
    const until = new Date(Date.now() - GRACE);
    return purgeInBatches(
      [(after) => deleteExpired(until, after, BATCH_SIZE), (after) => deleteOrphaned(after, BATCH_SIZE)],
      options,
      run,
    );
  };
