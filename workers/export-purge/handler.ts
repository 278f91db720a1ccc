import {
  purgeInBatches,
  type Payload,
  type PurgedBatch,
  type PurgeOptions,
  type Run,
} from "../core/index.ts";
import type { exportPurge } from "./job.ts";

export interface Deps extends PurgeOptions {
  /** The ids of up to `limit` exports that have expired. */
  findExpired(limit: number): Promise<string[]>;
  /** Removes their files. */
  remove(ids: string[]): Promise<void>;
  /** Deletes their rows. */
  deleteRows(ids: string[]): Promise<void>;
}

const BATCH_SIZE = 100;

export const purgeExports =
  ({ findExpired, remove, deleteRows, ...options }: Deps) =>
  (_payload: Payload<typeof exportPurge>, run: Pick<Run, "signal" | "progress">) => {
    const purgeBatch = async (): Promise<PurgedBatch> => {
      const ids = await findExpired(BATCH_SIZE);
      // The files first: killed in between, the rows lead the next run to them.
      await remove(ids);
      await deleteRows(ids);
      return { counts: { exports: ids.length }, next: ids.length === BATCH_SIZE ? "more" : undefined };
    };
    return purgeInBatches([purgeBatch], options, run);
  };
