import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createCore, type Core } from "../../test/support/core/core.ts";
import type { Tx } from "../../infra/database.ts";
import { createVideoRecords } from "./video-records.ts";

let core: Core;
let videos: ReturnType<typeof createVideoRecords>;
let id: string;

beforeAll(async () => {
  core = await createCore();
  videos = createVideoRecords(core.database.prisma);
});
afterAll(() => core[Symbol.asyncDispose]());
beforeEach(async () => {
  const user = { email: `${Math.random()}@example.com`, name: "Ada", passwordHash: "" };
  const upload = { kind: "VIDEO" as const, filename: "a.mp4", contentType: "video/mp4", bytes: 1 };
  const { uploads } = await core.database.prisma.user.create({
    data: { ...user, uploads: { create: { ...upload, state: "PROCESSING" } } },
    include: { uploads: true },
  });
  id = uploads[0]!.id;
});

const file = (path: string) => ({ path, contentType: "x/y", bytes: 7 });
const inTransaction = <Result>(work: (tx: Tx) => Promise<Result>) => core.database.jobs.transaction(work);
const row = () =>
  core.database.prisma.upload.findUniqueOrThrow({
    where: { id },
    include: { files: { orderBy: { path: "asc" } } },
  });
const notified = async () =>
  (
    await core.database.prisma.notification.findMany({
      where: { recordId: id },
      orderBy: { sequence: "asc" },
    })
  ).map(({ kind }) => kind);
const paths = async () => (await row()).files.map(({ role, path }) => `${role} ${path}`);

const video = (...heights: number[]) => ({
  ...{ width: 854, height: 480, seconds: 9 },
  renditions: heights.map((height) => ({
    ...file(`hls/${height}p/playlist.m3u8`),
    width: height * 2,
    height,
  })),
  master: file("hls/master.m3u8"),
});

test("a second run replaces the records of the first", async () => {
  await inTransaction((tx) => videos.saveVideo(tx, id, video(480, 240)));
  await inTransaction((tx) => videos.saveVideo(tx, id, video(240)));
  expect(await paths()).toEqual(["RENDITION hls/240p/playlist.m3u8", "PLAYLIST hls/master.m3u8"]);
  expect(await row()).toMatchObject({ width: 854, height: 480, seconds: 9, state: "PROCESSING" });
});

test("publishing again replaces the master playlist and keeps the publication time", async () => {
  await inTransaction((tx) => videos.saveVideo(tx, id, video(240)));
  const plain = { master: file("hls/master.m3u8"), subtitles: undefined, note: "No subtitles." };
  await inTransaction((tx) => videos.publish(tx, id, plain));
  const first = await row();
  expect(first).toMatchObject({ state: "READY", note: "No subtitles.", readyAt: expect.any(Date) });

  const files = [file("hls/subtitles/en.vtt"), file("hls/subtitles/en.m3u8")];
  expect(await inTransaction((tx) => videos.saveSubtitles(tx, id, files, null))).toBe(true);
  expect(await videos.findSubtitles(id)).toEqual({ path: "hls/subtitles/en.m3u8" });
  const again = { master: file("hls/subtitled.m3u8"), subtitles: "hls/subtitles/en.m3u8", note: undefined };
  await inTransaction((tx) => videos.publish(tx, id, again));
  expect(await row()).toMatchObject({ state: "READY", note: null, readyAt: first.readyAt });
  expect(await paths()).toEqual([
    "RENDITION hls/240p/playlist.m3u8",
    "PLAYLIST hls/subtitled.m3u8",
    "SUBTITLES hls/subtitles/en.m3u8",
    "SUBTITLES hls/subtitles/en.vtt",
  ]);
});

test("a publication fails if it would lose subtitles that were saved in the meantime", async () => {
  const files = [file("hls/subtitles/en.m3u8")];
  expect(await inTransaction((tx) => videos.saveSubtitles(tx, id, files, null))).toBe(false);
  const outdated = { master: file("hls/master.m3u8"), subtitles: undefined, note: undefined };
  await expect(inTransaction((tx) => videos.publish(tx, id, outdated))).rejects.toThrow("have changed since");
  expect((await row()).state).toBe("PROCESSING");
});

test("a problem fails the upload with its reason, unless it is published, and each notifies once", async () => {
  const plain = { master: file("hls/master.m3u8"), subtitles: undefined, note: undefined };
  const publish = () => inTransaction((tx) => videos.publish(tx, id, plain));
  await Promise.all(
    ["It is damaged.", "It is damaged.", "It is damaged."].map((each) => videos.fail(id, each)),
  );
  await videos.fail(id, null);
  expect(await row()).toMatchObject({ state: "FAILED", problem: "It is damaged." });
  expect(await notified()).toEqual(["upload-failed"]);
  await publish();
  await publish();
  await videos.fail(id, "It is damaged.");
  expect(await row()).toMatchObject({ state: "READY", problem: null });
  expect(await notified()).toEqual(["upload-failed", "upload-ready"]);
});
