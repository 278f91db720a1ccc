import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { replayJobs } from "../../workers/core/index.ts";
import { uploadWork } from "../../api/uploads/work.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { blankPng, colours, cornersOf, heic, phonePhoto, quarters } from "../support/media/images.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { type ProjectProcess, startProcess } from "../../scripts/processes/project-process.ts";
import { keysOf } from "../support/servers/storage.ts";
import { until } from "../../scripts/processes/until.ts";
import { createUploader } from "../support/api/uploads.ts";

let app: TestApp;
let owner: SignedIn;
let client: ReturnType<typeof createUploader>;
let worker: ProjectProcess;

beforeAll(async () => {
  app = await createTestApp({ uploadWork });
  owner = await createPeople(app).session("owner@example.com");
  client = createUploader(app, owner);
  worker = await startWorker();
});
afterAll(async () => {
  await worker.kill();
  await app[Symbol.asyncDispose]();
});

const startWorker = async () => {
  const { url, queueUrl, queuePrefix } = app.core;
  const started = startProcess("workers/main.ts", {
    WORKERS: "image-resize",
    DATABASE_URL: url,
    QUEUE_URL: queueUrl,
    QUEUE_PREFIX: queuePrefix,
    STORAGE_URL: pathToFileURL(app.files.folder).href,
  });
  await started.wrote("working");
  return started;
};

const show = async (id: string) => (await owner.get(`/v1/uploads/${id}`)).body;
const untilProcessed = (id: string) =>
  until(`upload ${id} is processed`, async () => {
    const shown = await show(id);
    return /READY|FAILED/.test(shown.state) && shown;
  });
const jobOf = async (uploadId: string) => {
  const [job] = await app.core.sql<{ id: string; state: string; epoch: number }>(
    `SELECT * FROM "Job" WHERE name = 'image-resize' AND payload ->> 'uploadId' = $1`,
    [uploadId],
  );
  return job!;
};
const notified = async (uploadId: string) =>
  (await app.core.database.prisma.notification.findMany({ where: { recordId: uploadId } })).map(
    ({ kind }) => kind,
  );
const stored = (uploadId: string) => keysOf(app.files.storage, `uploads/${uploadId}/`);

test("a photo is served upright, in every size and without its location", async () => {
  const photo = await phonePhoto(1_000, 600, 6);
  const id = await client.upload(photo, { filename: "holiday.jpg", contentType: "image/jpeg" });
  const shown = await untilProcessed(id);
  expect(shown).toMatchObject({ state: "READY", problem: null, width: 600, height: 1_000, progress: 1 });
  expect(shown.placeholder).toMatch(/^data:image\/webp;base64,/);
  expect(shown.steps).toMatchObject([{ name: "image-resize", state: "COMPLETED" }]);
  expect(await notified(id)).toEqual(["upload-ready"]);
  const paths = [160, 480, 600].flatMap((width) =>
    ["avif", "jpg", "webp"].map((type) => `image/${width}.${type}`),
  );
  expect(shown.files.map(({ path }: { path: string }) => path)).toEqual(paths);

  for (const file of shown.files) {
    const response = await owner.get(file.url).buffer(true).responseType("blob");
    expect(response.headers).toMatchObject({
      "content-type": file.contentType,
      "content-length": `${file.bytes}`,
      "x-content-type-options": "nosniff",
    });
    const { width, height, exif } = await sharp(response.body).metadata();
    expect({ width, height, exif }).toEqual({ width: file.width, height: file.height, exif: undefined });
    const [upperLeft] = await cornersOf(response.body);
    expect(Math.abs(upperLeft![2] - colours.blue[2])).toBeLessThan(32);
  }
});

test("a decompression bomb fails with a clear message, and the worker survives", async () => {
  const bomb = await client.upload(blankPng(16_000, 16_000));
  const failed = await untilProcessed(bomb);
  expect(failed).toMatchObject({
    state: "FAILED",
    problem: "The image has 256 megapixels. The maximum for a PNG is 80.",
    files: [],
  });
  const job = await app.core.reaches((await jobOf(bomb)).id, "FAILED");
  expect(job).toMatchObject({ attempt: 1, crashes: 0 });
  expect(await stored(bomb)).toEqual([`uploads/${bomb}/source`]);
  await app.core.database.jobs.transaction((_tx, sql) => replayJobs(sql, [job.id]));
  await until("it has failed again", async () => {
    const { history } = await app.core.row(job.id);
    return history.filter(({ outcome }) => outcome === "failed").length === 2;
  });
  await app.core.reaches(job.id, "FAILED");
  expect(await notified(bomb)).toEqual(["upload-failed"]);

  const next = await client.upload(await quarters(200, 100).png().toBuffer());
  expect((await untilProcessed(next)).state).toBe("READY");
});

test("a phone's HEIC and a JPEG that is cut off are published", async () => {
  const phone = await client.upload(await heic("phone"), {
    filename: "IMG_1.HEIC",
    contentType: "image/heic",
  });
  const whole = await quarters(640, 480, 12).jpeg().toBuffer();
  const torn = await client.upload(whole.subarray(0, whole.length / 2), { contentType: "image/jpeg" });
  expect(await untilProcessed(phone)).toMatchObject({ state: "READY", note: null, width: 160, height: 240 });
  const note = "The file is damaged or incomplete. The part that could be read is shown.";
  expect(await untilProcessed(torn)).toMatchObject({ state: "READY", note, problem: null, width: 640 });
});

test("a killed worker leaves no duplicate files", { timeout: 90_000 }, async () => {
  const photo = await quarters(3_000, 2_000).jpeg().toBuffer();
  const whole = await client.upload(photo, { contentType: "image/jpeg" });
  const expected = await untilProcessed(whole);

  const id = await client.upload(photo, { contentType: "image/jpeg" });
  await app.core.database.prisma.$transaction(
    async (tx) => {
      // Locks the row, so that the worker cannot publish the files and complete before it is killed.
      await tx.$executeRaw`SET LOCAL idle_in_transaction_session_timeout = 0`;
      await tx.$queryRaw`SELECT 1 FROM "Upload" WHERE id = ${id}::uuid FOR UPDATE`;
      await until("some files are stored", async () => (await stored(id)).length > 3);
      await worker.kill();
    },
    { timeout: 60_000 },
  );
  expect((await show(id)).files).toEqual([]);
  worker = await startWorker();
  const shown = await untilProcessed(id);
  const pathsAndSizes = (files: { path: string; bytes: number }[]) =>
    files.map(({ path, bytes }) => [path, bytes]);
  expect(pathsAndSizes(shown.files)).toEqual(pathsAndSizes(expected.files));
  expect((await stored(id)).length).toBe(13);
  expect(await notified(id)).toEqual(["upload-ready"]);
});
