import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import { PermanentError } from "../core/index.ts";
import { purgeStorage, type Root } from "./handler.ts";
import { storagePurge } from "./job.ts";

const DAY = 86_400_000;
const idOf = (days: number) => uuidv7({ msecs: Date.now() - days * DAY });

const setUp = (
  keys: string[],
  known: string[] = [],
  findLoad = async () => undefined as string | undefined,
) => {
  const objects = new Set(keys);
  const asked: { root: Root; after: string | undefined }[] = [];
  const followUps: { payload: unknown; options: unknown }[] = [];
  const purge = purgeStorage({
    slow: 500,
    findLoad,
    listFolders: async (root, after = "", limit) => {
      asked.push({ root, after });
      const names = [...objects].filter((key) => key.startsWith(`${root}/`)).map((key) => key.split("/")[1]!);
      return [...new Set(names)]
        .filter((name) => name > after)
        .toSorted()
        .slice(0, limit);
    },
    findKnown: async (_root, ids) => ids.filter((id) => known.includes(id)),
    list: async function* (prefix) {
      for (const key of objects) if (key.startsWith(prefix)) yield key;
    },
    remove: async (some) => some.forEach((key) => objects.delete(key)),
    clock: { now: () => 0, sleep: async () => {} },
  });
  const perform = (payload: object = {}, signal = new AbortController().signal) =>
    purge(storagePurge.payload.parse(JSON.parse(JSON.stringify(payload))), {
      signal,
      progress: async () => {},
      enqueue: (_job, next, options) => void followUps.push({ payload: next, options }),
    });
  return { objects, asked, followUps, perform };
};

test("removes the objects of uploads and reports without a row, and keeps the others", async () => {
  const [gone, kept] = [idOf(8), idOf(8)];
  const { objects, perform, followUps } = setUp(
    [
      `uploads/${gone}/source`,
      `uploads/${gone}/hls/1.m4s`,
      `uploads/${kept}/source`,
      `reports/${gone}/report.pdf`,
    ],
    [kept],
  );
  expect(await perform()).toEqual({ uploads: 1, reports: 1, exports: 0, objects: 3 });
  expect([...objects]).toEqual([`uploads/${kept}/source`]);
  expect(followUps).toEqual([]);
});

test("keeps the objects of records younger than a week, and folders that are not a record's", async () => {
  const keys = [
    `uploads/${idOf(6.99)}/source`,
    "uploads/lost/found",
    `uploads/${crypto.randomUUID()}/source`,
  ];
  const { objects, perform } = setUp(keys);
  expect(await perform()).toEqual({ uploads: 0, reports: 0, exports: 0, objects: 0 });
  expect([...objects]).toEqual(keys);
});

test("removes a large folder in batches, and goes through all pages", async () => {
  const many = Array.from({ length: 1_234 }, (_, index) => `uploads/${idOf(9)}/x`.replace("x", `${index}`));
  const large = idOf(10);
  const segments = Array.from({ length: 1_234 }, (_, index) => `uploads/${large}/seg-${index}.m4s`);
  const { objects, perform } = setUp([...many, ...segments]);
  expect(await perform({ sure: true })).toEqual({ uploads: 1_235, reports: 0, exports: 0, objects: 2_468 });
  expect(objects.size).toBe(0);
});

test("removes nothing if most records of a page have no row: the database may be a wrong one", async () => {
  const keys = Array.from({ length: 21 }, () => `uploads/${idOf(8)}/source`);
  const { objects, perform } = setUp(keys);
  await expect(perform()).rejects.toThrow(PermanentError);
  expect(objects.size).toBe(21);
  expect(await perform({ sure: true })).toMatchObject({ uploads: 21 });
});

test("continues later where it stopped early", async () => {
  const ids = Array.from({ length: 1_200 }, (_, index) => idOf(20 - index / 1_200)).toSorted();
  let looks = 0;
  const busySoon = async () => (looks++ >= 2 ? "20 statements are active" : undefined);
  const { perform, followUps, asked } = setUp(
    ids.map((id) => `uploads/${id}/source`),
    ids,
    busySoon,
  );
  expect(await perform()).toEqual({
    uploads: 0,
    objects: 0,
    note: "stopped early: 20 statements are active",
  });
  expect(followUps).toMatchObject([
    { payload: { root: "uploads", after: ids[999] }, options: { delay: 600_000 } },
  ]);
  looks = -10;
  expect(await perform(followUps[0]!.payload as object)).toEqual({
    uploads: 0,
    reports: 0,
    exports: 0,
    objects: 0,
  });
  expect(asked.slice(2)).toEqual([
    { root: "uploads", after: ids[999] },
    { root: "uploads", after: ids[1_199] },
    { root: "reports", after: "" },
    { root: "exports", after: "" },
  ]);
});

test("continues at the same place if it could not even begin", async () => {
  const { perform, followUps } = setUp([], [], async () => "20 statements are active");
  const payload = { root: "reports", after: idOf(8), sure: true };
  expect(await perform(payload)).toEqual({ note: "stopped early: 20 statements are active" });
  expect(followUps).toMatchObject([{ payload }]);
});

test("continues with the reports if the uploads were finished", async () => {
  const { perform, asked } = setUp([]);
  const after = idOf(8);
  await perform({ root: "reports", after });
  expect(asked).toEqual([
    { root: "reports", after },
    { root: "exports", after: "" },
  ]);
});

test("a second run removes nothing", async () => {
  const { perform } = setUp([`uploads/${idOf(8)}/source`]);
  await perform();
  expect(await perform()).toEqual({ uploads: 0, reports: 0, exports: 0, objects: 0 });
});

test("stops when its signal aborts", async () => {
  const { objects, perform } = setUp([`uploads/${idOf(8)}/source`]);
  await expect(perform({}, AbortSignal.abort(new Error("shutdown")))).rejects.toThrow("shutdown");
  expect(objects.size).toBe(1);
});
