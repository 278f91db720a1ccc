import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../infra/config.ts";
import { until } from "../../scripts/processes/until.ts";
import { accountExport } from "../../workers/account-export/job.ts";
import { exportPurge } from "../../workers/export-purge/job.ts";
import { wire as wireExport } from "../../workers/wiring/account-export.ts";
import { wire as wirePurge } from "../../workers/wiring/export-purge.ts";
import type { Infrastructure } from "../../workers/wiring/infrastructure.ts";
import { userData } from "../../workers/wiring/user-data/list.ts";
import { createTestApp, PUBLIC_URL, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { insertJob } from "../support/core/insert-job.ts";
import { fillAccount, withheld } from "../support/exports/full-account.ts";
import { readZip } from "../support/exports/read-zip.ts";
import { drivers, keysOf } from "../support/servers/storage.ts";

/** What the job does before its attempts to store a file, and after it has stored one. */
let beforeWrite: () => Promise<unknown> = async () => {};
let afterWrite: () => Promise<unknown> = async () => {};
let isLimited = false;
afterEach(() => {
  beforeWrite = afterWrite = async () => {};
  isLimited = false;
});

const wireObserved = (infrastructure: Infrastructure) => {
  const { storage } = infrastructure;
  const write: typeof storage.write = async (...args) => {
    await beforeWrite();
    await storage.write(...args);
    await afterWrite();
  };
  return wireExport({ ...infrastructure, storage: { ...storage, write } });
};

/** The machine that runs the tests is busy, which would stop a purge. */
const wireEagerPurge = (infrastructure: Infrastructure) => {
  const config = loadConfig("worker", { PURGE_MAX_STATEMENTS: "10000", PURGE_MAX_BATCH_MS: "60000" });
  return wirePurge({ ...infrastructure, config });
};

describe.each(drivers)("with files in %s", (driver) => {
  let app: TestApp;
  let ada: SignedIn;
  let stranger: SignedIn;
  let userId: string;
  let uploadId: string;
  let otherId: string;
  const throttle = () => ({
    hit: async ({ name }: { name: string }) => (isLimited && name === "exports" ? 5_000 : 0),
    forget: async () => {},
    close: () => {},
  });
  beforeAll(async () => {
    app = await createTestApp({ driver, throttle, modules: [wireObserved, wireEagerPurge] });
    const people = createPeople(app);
    ada = await people.session("ada@example.com");
    stranger = await people.session("stranger@example.com");
    userId = await idOf("ada@example.com");
    ({ uploadId, otherId } = await fillAccount(app.core.database, app.files, userId));
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const idOf = async (email: string) =>
    (await app.core.database.prisma.user.findUniqueOrThrow({ where: { email } })).id;
  const ask = async (who = ada) => {
    const response = await who.post("/v1/account/export");
    expect([response.status, response.body]).toEqual([
      202,
      expect.objectContaining({ id: expect.any(String), state: "PENDING" }),
    ]);
    return response.body.id as string;
  };
  const show = async (id: string, who = ada) =>
    (await who.get("/v1/account/exports")).body.items.find((each: { id: string }) => each.id === id);
  const reaches = (id: string, state: string) =>
    until(`export ${id} is ${state}`, async () => {
      const found = await show(id);
      return found?.state === state && found;
    });
  const download = async (id: string, who = ada, headers: Record<string, string> = {}) => {
    const response = await fetch(`${app.url}/v1/account/exports/${id}/file`, {
      headers: { cookie: who.cookie, ...headers },
    });
    return { response, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const jobOf = async (id: string) => {
    const [job] = await app.core.sql<{ id: string }>(
      `SELECT id FROM "Job" WHERE name = $1 AND payload ->> 'exportId' = $2`,
      [accountExport.name, id],
    );
    return job!.id;
  };
  const filesOf = (id: string) => keysOf(app.files.storage, `exports/${id}/`);
  const notificationsOf = (id: string) =>
    app.core.database.prisma.notification.findMany({ where: { recordId: id } });

  test("a request becomes a ZIP with everything of the user, a notification and a mail", async () => {
    const { prisma } = app.core.database;
    const id = await ask();
    const ready = await reaches(id, "READY");
    expect(ready).toMatchObject({ progress: 1, problem: null, url: `/v1/account/exports/${id}/file` });
    expect(Date.parse(ready.expiresAt) - Date.parse(ready.readyAt)).toBe(7 * 86_400_000);
    const mail = await app.mailTo("ada@example.com", "Your data is ready to download");
    expect(mail.text).toContain(`${PUBLIC_URL}/account#exports`);
    expect(await notificationsOf(id)).toMatchObject([{ userId, kind: "export-ready" }]);

    const { response, bytes } = await download(id);
    expect([response.status, bytes.length]).toEqual([200, ready.bytes]);
    expect(response.headers.get("content-type")).toBe("application/zip");
    expect(response.headers.get("content-disposition")).toMatch(/^attachment; filename="Offstage export \d/);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
    const zip = readZip(bytes);
    const text = (path: string) => zip.get(path)?.content.toString() ?? `no ${path}`;
    const rows = (file: string) => JSON.parse(text(`data/${file}.json`)) as Record<string, unknown>[];

    const listings = userData.flatMap(({ read = [] }) => read);
    for (const { file } of listings) {
      expect([file, rows(file).length > 0]).toEqual([file, true]);
      expect(text("README.txt")).toContain(`data/${file}.json`);
      expect(text("index.html")).toContain(`pages/${file.replace("/", "-")}.html`);
    }
    expect(rows("profile")).toMatchObject([{ id: userId, email: "ada@example.com", name: "Ada Lovelace" }]);
    expect(rows("sessions").map(({ device }) => device)).toContain("Safari on iPad");
    expect(rows("projects/projects").map(({ name }) => name)).toEqual(["Żuraw / ../🚀", "Second of mine"]);
    expect(rows("projects/tasks").map(({ title }) => title)).toEqual(["Owned task", "Task of the second"]);
    expect(rows("projects/tasks")[0]).toMatchObject({ assignee: "Grace Hopper", dueOn: "2026-11-23" });
    expect(rows("projects/comments")).toMatchObject([{ author: "Grace Hopper" }]);
    expect(rows("comments").map(({ body }) => body)).toEqual([
      "My comment in a project that I left",
      "My comment",
    ]);
    expect(rows("assigned-tasks")).toMatchObject([{ title: "Assigned task", project: "Joined" }]);
    expect(rows("created-tasks")).toMatchObject([{ title: null }, { title: "Created task" }]);
    expect(rows("notifications").find(({ kind }) => kind === "task-assigned")).toMatchObject({
      title: expect.stringContaining("Grace Hopper"),
    });
    expect(rows("exports")).toMatchObject([{ id, state: "PENDING" }]);

    const stored = [...zip.values()].filter(({ path }) => path.startsWith("files/"));
    const place = (name: string) => `files/uploads/_.._wakacje 🏖️ ${uploadId}/${name}`.normalize();
    const of = Object.fromEntries(stored.map(({ path, content }) => [path, content.toString()]));
    expect(of).toEqual({
      [place("original/_.._wakacje 🏖️.mp4")]: "my video",
      [place("versions/hls/720/index.m3u8")]: "playlist",
      [place("versions/hls/720/seg-1.m4s")]: "segment",
      [stored.find(({ path }) => path.startsWith("files/reports/"))!.path]: "my report",
    });
    expect(text("README.txt")).toContain(place("versions/poster/480.webp"));
    const pages = [...zip.values()].filter(({ path }) => path.endsWith(".html"));
    for (const { content } of pages) expect(content.toString()).not.toMatch(/<script|<img src=x/);

    const { passwordHash } = await prisma.user.findUniqueOrThrow({ where: { id: userId } });
    const hashes = [
      ...(await prisma.session.findMany()),
      ...(await prisma.device.findMany()),
      ...(await prisma.invitation.findMany()),
    ].flatMap(({ tokenHash }) =>
      (["hex", "base64", "base64url", "latin1"] as const).map((form) =>
        Buffer.from(tokenHash).toString(form),
      ),
    );
    const everything = Buffer.concat(
      [...zip.values()].flatMap(({ path, content }) => [Buffer.from(path), content]),
    );
    for (const secret of [...Object.values(withheld), passwordHash, ...hashes])
      expect([secret, everything.includes(secret)]).toEqual([secret, false]);
  });

  test("requests at the same time are one export, and one after it is another", async () => {
    const gate = Promise.withResolvers<void>();
    beforeWrite = () => gate.promise;
    const ids = await Promise.all(Array.from({ length: 8 }, () => ask()));
    expect(new Set(ids).size).toBe(1);
    isLimited = true;
    expect(await ask()).toBe(ids[0]);
    expect((await download(ids[0]!)).response.status).toBe(409);
    gate.resolve();
    await reaches(ids[0]!, "READY");
    const refused = await ada.post("/v1/account/export");
    expect([refused.status, refused.headers["retry-after"]]).toEqual([429, "5"]);
    isLimited = false;
    const next = await ask();
    expect(next).not.toBe(ids[0]);
    await reaches(next, "READY");
  });

  test("others cannot see an export, and a part of it can be requested", async () => {
    const id = await ask();
    const { bytes: size } = await reaches(id, "READY");
    expect((await stranger.get("/v1/account/exports")).body.items).toEqual([]);
    expect((await download(id, stranger)).response.status).toBe(404);
    const { response, bytes } = await download(id, ada, { range: "bytes=0-3" });
    expect([response.status, bytes.toString()]).toEqual([206, "PK\u0003\u0004"]);
    expect(response.headers.get("content-range")).toBe(`bytes 0-3/${size}`);
  });

  test("an account without anything has an export too", async () => {
    const id = await ask(stranger);
    await until("it is ready", async () => (await show(id, stranger)).state === "READY");
    const zip = readZip((await download(id, stranger)).bytes);
    expect(zip.get("data/uploads.json")?.content.toString()).toBe("[]\n");
    expect(zip.get("index.html")?.content.toString()).not.toContain("missing");
  });

  test("while the storage is down the export waits, and it is made when the storage is back", async () => {
    let down = true;
    beforeWrite = () => (down ? Promise.reject(new Error("the storage is down")) : Promise.resolve());
    const id = await ask();
    const jobId = await jobOf(id);
    await until("an attempt has failed", async () => (await app.core.row(jobId)).attempt > 0);
    expect(await show(id)).toMatchObject({ state: "PENDING", url: null, problem: null });
    expect(await filesOf(id)).toEqual([]);
    down = false;
    await reaches(id, "READY");
  });

  test("an export in the dead letter has failed, and can be asked for again", async () => {
    const gate = Promise.withResolvers<void>();
    beforeWrite = () => gate.promise.then(() => Promise.reject(new Error("secret")));
    const id = await ask();
    const jobId = await jobOf(id);
    await app.core.sql(`UPDATE "Job" SET state = 'FAILED', error = 'secret' WHERE id = $1::uuid`, [jobId]);
    expect(await show(id)).toMatchObject({
      ...{ state: "FAILED", url: null },
      problem: expect.stringContaining("could not be made"),
    });
    beforeWrite = async () => {};
    const again = await ask();
    expect(again).not.toBe(id);
    gate.resolve();
    await reaches(again, "READY");
    expect(await show(id)).toMatchObject({ state: "FAILED" });
  });

  test("a second run of the job replaces the file, and notifies once", async () => {
    const id = await ask();
    await reaches(id, "READY");
    await app.files.storage.write(`exports/${id}/export.zip`, Buffer.from("damaged"), "application/zip");
    const jobId = await insertJob(app.core.sql, accountExport, { exportId: id });
    await app.core.reaches(jobId, "COMPLETED");
    expect(readZip((await download(id)).bytes).has("index.html")).toBe(true);
    expect(await notificationsOf(id)).toHaveLength(1);
  });

  test.each(["deleted", "closed"])(
    "an account that is %s meanwhile leaves no file and gets no mail",
    async (how) => {
      const { prisma } = app.core.database;
      const person = await createPeople(app).session(`${how}@example.com`);
      const goneId = await idOf(`${how}@example.com`);
      afterWrite = () =>
        how === "deleted"
          ? prisma.user.delete({ where: { id: goneId } })
          : prisma.user.update({ where: { id: goneId }, data: { closedAt: new Date() } });
      const id = await ask(person);
      const { result } = await app.core.reaches(await jobOf(id), "COMPLETED");
      expect(result).toBe("skipped: the export is not wanted any more");
      expect([await filesOf(id), await notificationsOf(id)]).toEqual([[], []]);
    },
  );

  test("an export that has expired is not sent, and is purged with its file", async () => {
    const { prisma } = app.core.database;
    const [expired, kept] = [await ask().then(async (id) => (await reaches(id, "READY"), id)), await ask()];
    await reaches(kept, "READY");
    const [file] = await filesOf(expired);
    expect(file).toBe(`exports/${expired}/export.zip`);
    await prisma.accountExport.update({
      where: { id: expired },
      data: { expiresAt: new Date(Date.now() - 1) },
    });
    expect((await download(expired)).response.status).toBe(404);
    expect(await show(expired)).toBeUndefined();
    // A run that is late must not bring it back.
    const late = await insertJob(app.core.sql, accountExport, { exportId: expired });
    expect((await app.core.reaches(late, "COMPLETED")).result).toMatch(/^skipped/);
    const purge = await insertJob(app.core.sql, exportPurge, {});
    expect((await app.core.reaches(purge, "COMPLETED")).result).toEqual({ exports: 1 });
    expect(await filesOf(expired)).toEqual([]);
    expect(await prisma.accountExport.count({ where: { id: expired } })).toBe(0);
    expect(await filesOf(kept)).toHaveLength(1);
  });

  test("every page is read by statements of their own, however many rows there are", async () => {
    const { prisma } = app.core.database;
    const { projectId } = await prisma.projectMember.findFirstOrThrow({ where: { userId, role: "OWNER" } });
    await prisma.task.createMany({
      data: Array.from({ length: 1_203 }, (_, index) => ({ projectId, title: `Many ${index}` })),
    });
    const { id: taskId } = await prisma.task.findFirstOrThrow({ where: { projectId, title: "Many 7" } });
    await prisma.comment.createMany({
      data: Array.from({ length: 1_001 }, (_, index) => ({
        taskId,
        authorId: otherId,
        body: `Remark ${index}`,
      })),
    });
    const id = await ask();
    await reaches(id, "READY");
    const zip = readZip((await download(id)).bytes);
    const rows = (file: string) =>
      JSON.parse(String(zip.get(`data/${file}.json`)?.content)) as { id: string }[];
    for (const [file, count] of [
      ["projects/tasks", 1_205],
      ["projects/comments", 1_002],
    ] as const)
      expect(new Set(rows(file).map((row) => row.id)).size).toBe(count);
    await prisma.task.deleteMany({ where: { title: { startsWith: "Many " } } });
  });
});
