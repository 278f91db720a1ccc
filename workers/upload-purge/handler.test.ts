import { expect, test } from "vitest";
import { purgeUpload } from "./handler.ts";
import { uploadPurge } from "./job.ts";

const uploadId = "01932b5e-0000-7000-8000-000000000001";
const otherId = "01932b5e-0000-7000-8000-000000000002";

type State = "AWAITING" | "READY";

const world = (state?: State, keys: string[] = [], remove?: (keys: string[]) => Promise<void>) => {
  const rows = new Map<string, State>(state ? [[uploadId, state]] : []);
  const objects = new Set(keys);
  const purge = purgeUpload({
    forgetIfAwaited: async (id) => void (rows.get(id) === "AWAITING" && rows.delete(id)),
    isThere: async (id) => rows.has(id),
    list: async function* (prefix) {
      for (const key of objects) if (key.startsWith(prefix)) yield key;
    },
    remove: remove ?? (async (some) => some.forEach((key) => objects.delete(key))),
  });
  const perform = (signal = new AbortController().signal) =>
    purge(uploadPurge.payload.parse(JSON.parse(JSON.stringify({ uploadId }))), { signal });
  return { rows, objects, perform };
};

test("removes an upload that was never completed, with what came of it", async () => {
  const { rows, objects, perform } = world("AWAITING", [`uploads/${uploadId}/source`]);
  expect(await perform()).toBe("removed 1 objects");
  expect([rows.size, objects.size]).toEqual([0, 0]);
});

test("keeps an upload that was completed", async () => {
  const { rows, objects, perform } = world("READY", [`uploads/${uploadId}/source`]);
  expect(await perform()).toBe("kept: it was completed");
  expect([rows.size, objects.size]).toEqual([1, 1]);
});

test("removes all objects of an upload that was deleted, and those of no other", async () => {
  const other = `uploads/${otherId}/source`;
  const ours = Array.from({ length: 1_234 }, (_, index) => `uploads/${uploadId}/hls/720/seg-${index}.m4s`);
  const { objects, perform } = world(undefined, [other, ...ours]);
  expect(await perform()).toBe("removed 1234 objects");
  expect([...objects]).toEqual([other]);
});

test("a second run finds nothing to do", async () => {
  const { perform } = world(undefined, [`uploads/${uploadId}/source`]);
  await perform();
  expect(await perform()).toBe("removed 0 objects");
});

test("does not ask for ever to remove what stays", async () => {
  const { perform } = world(undefined, [`uploads/${uploadId}/source`], async () => {});
  await expect(perform()).rejects.toThrow("1 objects are still there");
});

test("stops between batches when it must", async () => {
  const { objects, perform } = world(undefined, [`uploads/${uploadId}/source`]);
  await expect(perform(AbortSignal.abort(new Error("shutdown")))).rejects.toThrow("shutdown");
  expect(objects.size).toBe(1);
});
