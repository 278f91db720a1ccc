import { expect, test } from "vitest";
import { purgeUpload } from "./handler.ts";
import { uploadPurge } from "./job.ts";

const uploadId = "01932b5e-0000-7000-8000-000000000001";
const otherId = "01932b5e-0000-7000-8000-000000000002";

type State = "AWAITING" | "READY";

const setUp = (state?: State, keys: string[] = [], remove?: (keys: string[]) => Promise<void>) => {
  const rows = new Map<string, State>(state ? [[uploadId, state]] : []);
  const objects = new Set(keys);
  const purge = purgeUpload({
    deleteIfIncomplete: async (id) => void (rows.get(id) === "AWAITING" && rows.delete(id)),
    exists: async (id) => rows.has(id),
    list: async function* (prefix) {
      for (const key of objects) if (key.startsWith(prefix)) yield key;
    },
    remove: remove ?? (async (some) => some.forEach((key) => objects.delete(key))),
  });
  const perform = (signal = new AbortController().signal) =>
    purge(uploadPurge.payload.parse(JSON.parse(JSON.stringify({ uploadId }))), { signal });
  return { rows, objects, perform };
};

test("deletes an upload that was never completed, and its objects", async () => {
  const { rows, objects, perform } = setUp("AWAITING", [`uploads/${uploadId}/source`]);
  expect(await perform()).toBe("objects removed: 1");
  expect([rows.size, objects.size]).toEqual([0, 0]);
});

test("keeps an upload that was completed", async () => {
  const { rows, objects, perform } = setUp("READY", [`uploads/${uploadId}/source`]);
  expect(await perform()).toBe("kept: the upload was completed");
  expect([rows.size, objects.size]).toEqual([1, 1]);
});

test("removes all objects of a deleted upload, and no others", async () => {
  const other = `uploads/${otherId}/source`;
  const ours = Array.from({ length: 1_234 }, (_, index) => `uploads/${uploadId}/hls/720/seg-${index}.m4s`);
  const { objects, perform } = setUp(undefined, [other, ...ours]);
  expect(await perform()).toBe("objects removed: 1234");
  expect([...objects]).toEqual([other]);
});

test("a second run removes nothing", async () => {
  const { perform } = setUp(undefined, [`uploads/${uploadId}/source`]);
  await perform();
  expect(await perform()).toBe("objects removed: 0");
});

test("fails if the storage keeps listing removed objects", async () => {
  const { perform } = setUp(undefined, [`uploads/${uploadId}/source`], async () => {});
  await expect(perform()).rejects.toThrow("still lists 1 removed objects");
});

test("stops before the next batch when its signal aborts", async () => {
  const { objects, perform } = setUp(undefined, [`uploads/${uploadId}/source`]);
  await expect(perform(AbortSignal.abort(new Error("shutdown")))).rejects.toThrow("shutdown");
  expect(objects.size).toBe(1);
});
