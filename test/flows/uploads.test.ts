import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createImageWork, type UploadWork } from "../../api/uploads/work.ts";
import { defineJob } from "../../workers/core/index.ts";
import { createTestApp, PUBLIC_URL, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { drivers } from "../support/servers/storage.ts";
import { until } from "../../scripts/processes/until.ts";
import {
  type NewUpload,
  changeSignature,
  type Permit,
  createUploader,
  samples,
} from "../support/api/uploads.ts";

const work = defineJob({ name: "work-on-upload", payload: z.object({ uploadId: z.uuid() }) });
const uploadWork: UploadWork = {
  IMAGE: {
    start: ({ enqueue }, uploadId) => enqueue(work, { uploadId }),
    accepts: (type) => createImageWork(hasHeic).accepts?.(type) ?? false,
  },
  VIDEO: {
    start: ({ enqueue }, uploadId) => enqueue(work, { uploadId }),
    missing: async () => missing,
  },
};
let missing: string | undefined;
let hasHeic = true;

describe.each(drivers)("with files in %s", (driver) => {
  let app: TestApp;
  let owner: SignedIn;
  let stranger: SignedIn;
  let client: ReturnType<typeof createUploader>;
  beforeAll(async () => {
    app = await createTestApp({ driver, uploadWork });
    const people = createPeople(app);
    owner = await people.session("owner@example.com");
    stranger = await people.session("stranger@example.com");
    client = createUploader(app, owner);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const jobsOf = (uploadId: string, name = work.name) =>
    app.core.sql<{ id: string; state: string; dueAt: Date }>(
      `SELECT id, state::text, "dueAt" FROM "Job" WHERE name = $1 AND payload ->> 'uploadId' = $2 ORDER BY id`,
      [name, uploadId],
    );
  const kept = async (uploadId: string) =>
    (await app.files.contents()).filter((name) => name.includes(uploadId));
  const publish = async (uploadId: string, files: Record<string, [role: string, type: string]>) => {
    for (const [path, [role, contentType]] of Object.entries(files)) {
      const body = Buffer.from(`the content of ${path}`);
      await app.files.storage.write(`uploads/${uploadId}/${path}`, body, contentType);
      if (role)
        await app.core.database.prisma.uploadFile.create({
          data: { uploadId, path, role: role as "VARIANT", contentType, bytes: body.length, width: 480 },
        });
    }
  };

  test("creates, sends, completes, processes and shows an upload", async () => {
    const permit = await client.create(samples.png);
    expect(permit).toMatchObject({ method: "PUT", headers: { "Content-Type": "image/png" } });
    const life = Date.parse(permit.expiresAt) - Date.now();
    expect(life).toBeGreaterThan(290_000);
    expect(life).toBeLessThanOrEqual(300_000);
    expect((await owner.get(`/v1/uploads/${permit.id}`)).body).toMatchObject({
      state: "AWAITING",
      progress: 0,
      url: null,
    });

    expect((await client.put(permit, samples.png)).status).toBe(200);
    const completed = await client.complete(permit.id);
    expect(completed.status).toBe(202);
    expect(completed.body).toEqual({ id: permit.id, url: `/v1/uploads/${permit.id}` });
    const [job] = await jobsOf(permit.id);
    await app.core.sql(`UPDATE "Job" SET progress = '0.25' WHERE id = $1::uuid`, [job!.id]);
    expect((await owner.get(completed.body.url)).body).toMatchObject({
      state: "PROCESSING",
      kind: "IMAGE",
      filename: "holiday.png",
      bytes: samples.png.length,
      progress: 0.25,
      steps: [{ name: work.name, state: "WAITING", progress: 0.25 }],
      files: [],
    });

    await publish(permit.id, { "image/480.webp": ["VARIANT", "image/webp"] });
    const data = { state: "READY", readyAt: new Date(), width: 1, height: 1 } as const;
    await app.core.database.prisma.upload.update({ where: { id: permit.id }, data });
    const { body } = await owner.get(completed.body.url);
    expect(body).toMatchObject({ state: "READY", progress: 1, width: 1, height: 1 });
    expect(body.files).toEqual([
      {
        path: "image/480.webp",
        role: "VARIANT",
        url: `/v1/uploads/${permit.id}/files/image/480.webp`,
        contentType: "image/webp",
        bytes: 29,
        width: 480,
        height: null,
      },
    ]);
    const list = await owner.get("/v1/uploads?limit=1");
    expect(list.body.items).toMatchObject([{ id: permit.id, state: "READY" }]);
    expect((await stranger.get("/v1/uploads")).body.items).toEqual([]);
  });

  test("repeated requests with an Idempotency-Key create one upload, processed once", async () => {
    const declared = {
      filename: "a.png",
      contentType: "image/png",
      bytes: samples.png.length,
      kind: "IMAGE",
    };
    const create = (body: object) => owner.post("/v1/uploads").set("Idempotency-Key", driver).send(body);
    const [first, second] = await Promise.all([create(declared), create(declared)]);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect((await create({ ...declared, filename: "b.png" })).status).toBe(422);

    const permits = [first.body as Permit, await client.create(samples.png)];
    for (const permit of permits) {
      await client.put(permit, samples.png);
      const complete = () => client.complete(permit.id).set("Idempotency-Key", driver);
      const responses = await Promise.all([complete(), complete()]);
      expect(responses.map(({ status, body }) => [status, (body as Permit).id])).toEqual(
        Array(2).fill([202, permit.id]),
      );
      expect(await jobsOf(permit.id)).toHaveLength(1);
    }
  });

  test("an upload that is completed twice, in sequence or concurrently, is processed once", async () => {
    const permit = await client.create(samples.png);
    await client.put(permit, samples.png);
    const responses = await Promise.all(Array.from({ length: 5 }, () => client.complete(permit.id)));
    responses.push(await client.complete(permit.id));
    expect(responses.map(({ status }) => status)).toEqual(Array(6).fill(202));
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1);
    expect(await jobsOf(permit.id)).toHaveLength(1);
  });

  test.each([
    ["image/jpeg", "IMAGE", samples.jpeg, "image/jpeg"],
    ["image/png", "IMAGE", samples.png, "image/png"],
    ["image/webp", "IMAGE", samples.webp, "image/webp"],
    ["image/avif", "IMAGE", samples.avif, "image/avif"],
    ["image/gif", "IMAGE", samples.gif, "image/gif"],
    ["image/heic", "IMAGE", samples.heic, "image/heic"],
    ["video/mp4", "VIDEO", samples.mp4, "video/mp4"],
    ["video/quicktime", "VIDEO", samples.mov, "video/quicktime"],
    ["video/webm", "VIDEO", samples.webm, "video/webm"],
    ["video/x-matroska", "VIDEO", samples.mkv, "video/matroska"],
    ["image/jpg", "IMAGE", samples.jpeg, "image/jpeg"],
    ["image/jpeg", "IMAGE", samples.png, "image/png"],
    ["image/jpeg", "IMAGE", samples.heic, "image/heic"],
    ["image/heif", "IMAGE", samples.jpeg, "image/jpeg"],
    ["video/mp4", "VIDEO", samples.mov, "video/quicktime"],
    ["video/mov", "VIDEO", samples.mp4, "video/mp4"],
    ["video/webm", "VIDEO", samples.mkv, "video/matroska"],
    ["Video/WebM;codecs=vp9,opus", "VIDEO", samples.webm, "video/webm"],
    ["application/octet-stream", "VIDEO", samples.mkv, "video/matroska"],
    ["", "IMAGE", samples.heic, "image/heic"],
  ])(
    "a file declared as %j of the kind %s is accepted as what it is",
    async (contentType, kind, sample, type) => {
      const id = await client.upload(Buffer.concat([sample, Buffer.alloc(50_000)]), { contentType, kind });
      expect(await jobsOf(id)).toHaveLength(1);
      expect((await owner.get(`/v1/uploads/${id}`)).body.contentType).toBe(type);
    },
  );

  test("a PNG that is declared and named as JPEG is downloaded as PNG", async () => {
    const declared = { contentType: "image/jpeg", filename: "holiday.jpg" };
    const permit = await client.create(samples.png, declared);
    expect(permit.headers).toEqual({ "Content-Type": "image/jpeg" });
    await client.put(permit, samples.png);
    await client.complete(permit.id);
    const { url, filename } = (await owner.get(`/v1/uploads/${permit.id}`)).body;
    expect(filename).toBe("holiday.jpg");
    const { headers } = await fetch(app.url + url, { headers: { cookie: owner.cookie } });
    expect([headers.get("content-type"), headers.get("content-disposition")]).toEqual([
      "image/png",
      expect.stringMatching(/^attachment; filename="?holiday\.png"?/),
    ]);
  });

  test.each([
    ["an SVG as PNG", "image/png", "IMAGE", samples.svg, "Supported: image/jpeg"],
    ["HTML as JPEG", "image/jpeg", "IMAGE", samples.html, "Supported: image/jpeg"],
    ["a video as AVIF", "image/avif", "IMAGE", samples.mp4, "Create an upload of the kind VIDEO"],
    ["a video of an unknown type", "", "IMAGE", samples.mov, "Create an upload of the kind VIDEO"],
    ["a playlist as MP4", "video/mp4", "VIDEO", samples.m3u8, "Supported: video/mp4"],
    ["an image as WebM", "video/webm", "VIDEO", samples.png, "Create an upload of the kind IMAGE"],
    ["a PNG that ends at once", "image/png", "IMAGE", samples.png.subarray(0, 3), "Detected: unknown"],
  ])("%s is rejected and removed, and can be sent again", async (_what, contentType, kind, body, reason) => {
    const permit = await client.create(body, { contentType, kind });
    await client.put(permit, body);
    const rejected = await client.complete(permit.id);
    expect(rejected.status).toBe(422);
    expect(rejected.body).toMatchObject({ type: "/problems/wrong-content" });
    expect(rejected.body.detail).toContain(contentType);
    expect(rejected.body.detail).toContain(reason);
    expect(await kept(permit.id)).toEqual([]);
    expect(await jobsOf(permit.id)).toEqual([]);
    expect((await client.complete(permit.id)).body.type).toBe("/problems/not-uploaded");
    expect((await owner.get(`/v1/uploads/${permit.id}`)).body.state).toBe("AWAITING");
  });

  test("without a HEIC decoder, HEIC is rejected with the supported types, and all else works", async () => {
    hasHeic = false;
    const declared = { filename: "a.heic", bytes: 1, kind: "IMAGE" };
    for (const contentType of ["image/heic", "image/heif"]) {
      const { status, body } = await owner.post("/v1/uploads").send({ ...declared, contentType });
      expect(status).toBe(422);
      expect(body.errors).toEqual([
        { field: "contentType", message: expect.stringMatching(/Supported: image\/jpeg, .*image\/gif/) },
      ]);
      expect(body.errors[0].message).not.toContain("hei");
    }
    const permit = await client.create(samples.heic, { contentType: "image/jpeg" });
    await client.put(permit, samples.heic);
    const rejected = await client.complete(permit.id);
    const png = await client.upload(samples.png);
    hasHeic = true;
    expect(rejected.body).toMatchObject({ type: "/problems/wrong-content" });
    expect(rejected.body.detail).toMatch(/Detected: image\/heic\. Supported: image\/jpeg/);
    expect(await jobsOf(png)).toHaveLength(1);
  });

  test("only the owner completes an upload, and its file is hidden until then", async () => {
    const permit = await client.create(samples.png);
    await client.put(permit, samples.png);
    expect((await stranger.post(`/v1/uploads/${permit.id}/complete`)).status).toBe(404);
    expect(await jobsOf(permit.id)).toEqual([]);
    expect((await owner.get(`/v1/uploads/${permit.id}/files/source`)).status).toBe(404);
    expect((await client.complete(permit.id)).status).toBe(202);
  });

  test("a file can be sent again until the upload is complete", async () => {
    const broken = Buffer.alloc(samples.png.length);
    const permit = await client.create(samples.png);
    await client.put(permit, broken);
    await client.put(permit, samples.png);
    expect((await client.complete(permit.id)).status).toBe(202);
  });

  test("a size or type other than the declared one is rejected", async () => {
    const permit = await client.create(samples.png);
    const longer = Buffer.concat([samples.png, Buffer.alloc(1)]);
    for (const response of [
      await client.put(permit, longer),
      await client.put(permit, samples.png.subarray(1)),
      await client.put(permit, samples.png, { "Content-Type": "text/html" }),
      await client.put({ ...permit, url: changeSignature(permit.url) }, samples.png),
      await client.put({ ...permit, url: permit.url.replace(/source/, "other") }, samples.png),
    ]) {
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      await response.text();
    }
    expect(await kept(permit.id)).toEqual([]);
    expect((await client.complete(permit.id)).status).toBe(409);
  });

  test("an object that was not sent to the signed URL is checked too", async () => {
    const { id } = await client.create(samples.png);
    const key = `uploads/${id}/source`;
    for (const body of [Buffer.concat([samples.png, Buffer.alloc(9)]), samples.png.subarray(0, -1)]) {
      await app.files.storage.write(key, body, "image/png");
      expect((await client.complete(id)).body).toMatchObject({ type: "/problems/wrong-size", status: 422 });
    }
    await app.files.storage.write(key, samples.png, "text/html");
    expect((await client.complete(id)).body).toMatchObject({ type: "/problems/wrong-content-type" });
    expect(await kept(id)).toEqual([]);
  });

  test.each<[string, NewUpload, string]>([
    ["an empty file", { bytes: 0 }, "bytes"],
    ["an image of more than 100 MB", { bytes: 100_000_001 }, "bytes"],
    ["a video of more than 2 GB", { bytes: 2_000_000_001, kind: "VIDEO", contentType: "video/mp4" }, "bytes"],
    ["a vector graphic", { contentType: "image/svg+xml" }, "contentType"],
    ["a video as an image", { contentType: "video/mp4" }, "contentType"],
    ["an image as a video", { kind: "VIDEO", contentType: "image/jpg" }, "contentType"],
    ["a type named like a property", { contentType: "constructor" }, "contentType"],
    ["a sound", { kind: "AUDIO" }, "kind"],
    ["no name", { filename: " " }, "filename"],
    ["a name of 256 characters", { filename: "x".repeat(256) }, "filename"],
  ])("%s is rejected on creation", async (_what, change, field) => {
    const usual = { filename: "a.png", contentType: "image/png", bytes: 1, kind: "IMAGE" };
    const { status, body } = await owner.post("/v1/uploads").send({ ...usual, ...change });
    expect(status).toBe(422);
    expect(body.errors.map((each: { field: string }) => each.field)).toEqual([field]);
  });

  test("a file name that is too long gets a clear message", async () => {
    const long = { filename: "x".repeat(256), contentType: "image/png", bytes: 1, kind: "IMAGE" };
    const { body } = await owner.post("/v1/uploads").send(long);
    expect(body.errors).toEqual([{ field: "filename", message: "Use at most 255 characters." }]);
  });

  test("a kind that cannot be processed is rejected with a hint for the operator", async () => {
    missing = "Install ffmpeg.";
    const declared = { filename: "a.mp4", contentType: "video/mp4", bytes: 1, kind: "VIDEO" };
    const response = await owner.post("/v1/uploads").send(declared);
    missing = undefined;
    expect(response.status).toBe(503);
    expect(response.body).toMatchObject({ type: "/problems/kind-unavailable", detail: "Install ffmpeg." });
  });

  test("a job that failed permanently marks the upload as failed", async () => {
    const id = await client.upload(samples.png);
    await app.core.sql(
      `UPDATE "Job" SET state = 'FAILED', error = 'secret' WHERE payload ->> 'uploadId' = $1`,
      [id],
    );
    const { body, text } = await owner.get(`/v1/uploads/${id}`);
    expect(body).toMatchObject({
      state: "FAILED",
      problem: expect.stringContaining("could not be processed"),
    });
    expect(text).not.toContain("secret");
    const shown = async () => (await owner.get("/v1/uploads?limit=1")).body.items;
    expect(await shown()).toEqual([expect.objectContaining({ id, state: "FAILED", problem: body.problem })]);
    // The ledger deletes old jobs after a month.
    await app.core.sql(`DELETE FROM "Job" WHERE payload ->> 'uploadId' = $1 AND name = $2`, [id, work.name]);
    expect((await owner.get(`/v1/uploads/${id}`)).body).toMatchObject({ state: "FAILED", steps: [] });
    expect(await shown()).toEqual([expect.objectContaining({ id, state: "FAILED" })]);
  });

  test("fails only after all jobs have ended; a cancelled job counts as failed", async () => {
    const id = await client.upload(samples.png);
    const second = await app.core.jobs.transaction(({ enqueue }) => enqueue(work, { uploadId: id }));
    const end = (jobId: string, state: string) =>
      app.core.sql(`UPDATE "Job" SET state = $2::"JobState" WHERE id = $1::uuid`, [jobId, state]);
    const [first] = await jobsOf(id);
    await end(first!.id, "CANCELLED");
    expect((await owner.get(`/v1/uploads/${id}`)).body).toMatchObject({
      state: "PROCESSING",
      steps: [{ state: "FAILED", progress: 1 }, { state: "WAITING" }],
    });
    await end(second, "COMPLETED");
    expect((await owner.get(`/v1/uploads/${id}`)).body).toMatchObject({ state: "FAILED" });
  });

  test("published files are only for their owner, and other paths are not found", async () => {
    const id = await client.upload(samples.png);
    await publish(id, {
      "image/480.webp": ["VARIANT", "image/webp"],
      "hls/master.m3u8": ["PLAYLIST", "application/vnd.apple.mpegurl"],
      "hls/720/index.m3u8": ["RENDITION", "application/vnd.apple.mpegurl"],
      "hls/720/seg-00001.m4s": ["", "video/iso.segment"],
      "hls/480/seg-00001.m4s": ["", "video/iso.segment"],
      "image/work.tmp": ["", "image/webp"],
    });
    const get = (path: string, who = owner) => who.get(`/v1/uploads/${id}/files/${path}`);
    const expected = driver === "local" ? 200 : 302;
    const published = [
      "image/480.webp",
      "hls/master.m3u8",
      "hls/720/index.m3u8",
      "hls/720/seg-00001.m4s",
      "source",
    ];
    for (const path of published) {
      // The API sends playlists itself, because players resolve the relative URLs in them.
      const status = path.endsWith(".m3u8") ? 200 : expected;
      const response = await get(path);
      expect([path, response.status]).toEqual([path, status]);
      // A redirect is cached for less than its signature is valid (five minutes).
      const kept = status === 302 ? "private, max-age=240" : "private, max-age=31536000, immutable";
      expect(response.headers["cache-control"]).toBe(kept);
      expect([path, (await get(path, stranger)).status]).toEqual([path, 404]);
      expect((await app.request.get(`/v1/uploads/${id}/files/${path}`)).status).toBe(401);
    }
    for (const path of [
      "hls/480/seg-00001.m4s",
      "image/work.tmp",
      "image/480.avif",
      "image",
      "image%2F..%2F480.webp",
      "..%2fsource",
      "hls/720/..%2F480/seg-00001.m4s",
      "hls/720/%2e%2e/%2e%2e/%2e%2e/x.m4s",
      "hls/720/.m4s",
      "%00",
      "source/",
    ])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
  });

  test("a file is sent with its headers: whole, in ranges, or as a 304", async () => {
    const id = await client.upload(samples.png, { filename: "Žluťoučký\u202e kůň.png" });
    await publish(id, { "image/480.webp": ["VARIANT", "image/webp"] });
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(`${app.url}/v1/uploads/${id}/files/${path}`, { headers: { cookie: owner.cookie, ...headers } });

    const whole = await get("image/480.webp");
    expect(whole.status).toBe(200);
    expect(await whole.text()).toBe("the content of image/480.webp");
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      "content-type": "image/webp",
      "content-disposition":
        "inline; filename=\"_lu_ou_k__ k__-480.webp\"; filename*=UTF-8''%C5%BDlu%C5%A5ou%C4%8Dk%C3%BD_%20k%C5%AF%C5%88-480.webp",
      "cache-control": "private, max-age=31536000, immutable",
      etag: expect.stringMatching(/"/),
      "accept-ranges": "bytes",
    });
    // S3 sets its own headers.
    expect(whole.headers.get("x-content-type-options")).toBe(driver === "local" ? "nosniff" : null);

    const part = await get("image/480.webp", { range: "bytes=4-10" });
    expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([
      206,
      "content",
      "bytes 4-10/29",
    ]);
    const beyond = await get("image/480.webp", { range: "bytes=100-" });
    expect(beyond.status).toBe(416);
    // Errors are not cached for a year.
    expect(beyond.headers.get("cache-control")).not.toBe("private, max-age=31536000, immutable");
    await beyond.text();
    // Not with fetch, which sends no-cache headers.
    const known = await owner
      .get(`/v1/uploads/${id}/files/image/480.webp`)
      .redirects(1)
      .set("If-None-Match", whole.headers.get("etag") ?? "");
    expect(known.status).toBe(304);

    const original = await get("source");
    expect(Buffer.from(await original.arrayBuffer()).equals(samples.png)).toBe(true);
    expect(original.headers.get("content-disposition")).toMatch(/^attachment; /);
  });

  test("a listed file that is missing is a 404 that is not cached", async () => {
    const id = await client.upload(samples.png);
    const type = "application/vnd.apple.mpegurl";
    await publish(id, { "hls/master.m3u8": ["PLAYLIST", type] });
    await app.files.storage.remove([`uploads/${id}/hls/master.m3u8`]);
    const { status, headers } = await owner.get(`/v1/uploads/${id}/files/hls/master.m3u8`);
    expect([status, headers["content-type"]]).toEqual([404, expect.stringContaining("problem+json")]);
    expect(headers["cache-control"]).toBe("no-store");
  });

  test("a deleted upload disappears at once, and its objects soon after", async () => {
    const id = await client.upload(samples.png);
    await publish(id, { "image/480.webp": ["VARIANT", "image/webp"] });
    expect((await stranger.delete(`/v1/uploads/${id}`)).status).toBe(404);
    expect(await kept(id)).toHaveLength(2);
    expect((await owner.delete(`/v1/uploads/${id}`)).status).toBe(204);
    for (const gone of [
      await owner.get(`/v1/uploads/${id}`),
      await owner.delete(`/v1/uploads/${id}`),
      await owner.get(`/v1/uploads/${id}/files/image/480.webp`),
      await client.complete(id),
    ])
      expect(gone.status).toBe(404);
    await until("its objects are removed", async () => (await kept(id)).length === 0);
    // A second purge runs when no running job can still write.
    const [, , late] = await jobsOf(id, "upload-purge");
    expect(late).toMatchObject({ state: "PENDING" });
    expect(late!.dueAt.getTime() - Date.now()).toBeGreaterThan(5 * 3_600_000);
  });

  test("an upload that is never completed is removed after a day, with its objects", async () => {
    const permit = await client.create(samples.png);
    await client.put(permit, samples.png);
    const done = await client.upload(samples.png);
    for (const id of [permit.id, done]) {
      const [purge] = await jobsOf(id, "upload-purge");
      expect(purge!.dueAt.getTime() - Date.now()).toBeGreaterThan(23 * 3_600_000);
      await app.core.sql(`UPDATE "Job" SET "dueAt" = now() WHERE id = $1::uuid`, [purge!.id]);
      await app.core.reaches(purge!.id, "COMPLETED");
    }
    expect((await owner.get(`/v1/uploads/${permit.id}`)).status).toBe(404);
    expect(await kept(permit.id)).toEqual([]);
    expect((await owner.get(`/v1/uploads/${done}`)).body.state).toBe("PROCESSING");
    expect(await kept(done)).toHaveLength(1);
  });

  test("file names are stored unchanged and never used as paths", async () => {
    for (const filename of [
      "../../../../etc/passwd.png",
      "<script>alert(1)</script>.png",
      "C:\\x.png",
      "a\r\nB: c.png",
    ]) {
      const id = await client.upload(samples.png, { filename });
      expect((await owner.get(`/v1/uploads/${id}`)).body.filename).toBe(filename);
      expect(await kept(id)).toEqual([expect.stringMatching(`uploads/${id}/source$`)]);
    }
  });

  test("the CSP allows the storage and no other origin", async () => {
    const { headers } = await app.request.get("/uploads");
    const { origin } = app.files.storage;
    const from = ["'self'", ...(origin ? [origin] : [])].join(" ");
    for (const directive of ["img-src", "media-src", "connect-src"])
      expect(headers["content-security-policy"]).toContain(`${directive} ${from};`);
  });

  test("no signature appears in the log or the ledger", async () => {
    const { url } = await client.create(samples.png);
    const signature = /signature=([\w-]+)/i.exec(url.replace(PUBLIC_URL, ""))?.[1];
    expect(signature).toBeTruthy();
    const ledger = await app.core.sql(`SELECT payload, history, result FROM "Job"`, []);
    expect(app.logged.join("\n") + JSON.stringify(ledger)).not.toContain(signature);
  });
});
