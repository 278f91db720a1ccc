import type { Payload, Run } from "../core/index.ts";
import type { uploadPurge } from "./job.ts";

export interface Deps {
  /** Deletes the upload's row, if its bytes are still awaited. */
  forgetIfAwaited(uploadId: string): Promise<void>;
  isThere(uploadId: string): Promise<boolean>;
  list(prefix: string): AsyncIterable<string>;
  remove(keys: string[]): Promise<void>;
}

/** Keys that are removed at once. */
const BATCH = 500;

export const purgeUpload =
  ({ forgetIfAwaited, isThere, list, remove }: Deps) =>
  async ({ uploadId }: Payload<typeof uploadPurge>, { signal }: Pick<Run, "signal">) => {
    // The row is deleted first, so that the upload cannot be completed while it is removed.
    await forgetIfAwaited(uploadId);
    if (await isThere(uploadId)) return "kept: it was completed";

    let removed = 0;
    let last = new Set<string>();
    for (;;) {
      const keys = await firstOf(list(`uploads/${uploadId}/`), BATCH);
      if (keys.length === 0) return `removed ${removed} objects`;
      signal.throwIfAborted();
      // It would be asked to remove them for ever.
      if (keys.every((key) => last.has(key))) throw new Error(`${keys.length} objects are still there`);
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
