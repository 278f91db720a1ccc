import type { Payload, Run } from "../core/index.ts";
import type { uploadPurge } from "./job.ts";

export interface Deps {
  /** Deletes the upload's row if the upload was never completed. */
  deleteIfIncomplete(uploadId: string): Promise<void>;
  exists(uploadId: string): Promise<boolean>;
  list(prefix: string): AsyncIterable<string>;
  remove(keys: string[]): Promise<void>;
}

/** Objects removed at a time. */
const BATCH_SIZE = 500;

export const purgeUpload =
  ({ deleteIfIncomplete, exists, list, remove }: Deps) =>
  async ({ uploadId }: Payload<typeof uploadPurge>, { signal }: Pick<Run, "signal">) => {
    // The row is deleted first, so that the upload cannot be completed while it is removed.
    await deleteIfIncomplete(uploadId);
    if (await exists(uploadId)) return "kept: the upload was completed";

    let removed = 0;
    let last = new Set<string>();
    for (;;) {
      const keys = await firstOf(list(`uploads/${uploadId}/`), BATCH_SIZE);
      if (keys.length === 0) return `objects removed: ${removed}`;
      signal.throwIfAborted();
      // Prevents an endless loop.
      if (keys.every((key) => last.has(key)))
        throw new Error(`the storage still lists ${keys.length} removed objects`);
      await remove(keys);
      last = new Set(keys);
      removed += keys.length;
    }
  };

const firstOf = async (keys: AsyncIterable<string>, count: number): Promise<string[]> => {
  const first: string[] = [];
  for await (const key of keys) if (first.push(key) === count) break;
  return first;
};
