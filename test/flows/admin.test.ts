import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { recordAction } from "../../infra/admin/actions.ts";
import { continueReplays } from "../../infra/admin/replays.ts";
import { createThrottle } from "../../infra/throttle.ts";
import {
  defineJob,
  defineWorker,
  findPauses,
  node,
  PermanentError,
  ProviderError,
} from "../../workers/core/index.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";

const chore = defineJob({
  name: "chore",
  payload: z.object({ userId: z.uuid().optional(), text: z.string() }),
});
const errand = defineJob({ name: "errand", attempts: 1, payload: z.object({ uploadId: z.uuid() }) });

let app: TestApp;
let admin: SignedIn;
let adminId: string;
const password = "correct horse battery";
const isBroken = { chores: true };
beforeAll(async () => {
  app = await createTestApp({
    throttle: ({ queueUrl, queuePrefix, sql }) => createThrottle(queueUrl, queuePrefix, sql, () => {}),
  });
  admin = await createPeople(app).session("admin@example.com");
  await app.core.sql(`UPDATE "User" SET role = 'ADMIN'`, []);
  adminId = ((await admin.get("/v1/me")).body as { id: string }).id;
  app.core.work(
    defineWorker(chore, async () => {
      if (isBroken.chores) throw new PermanentError("no address like ada@example.com");
    }),
    defineWorker(errand, async () => {
      throw new ProviderError("the provider is away");
    }),
  );
});
afterAll(() => app[Symbol.asyncDispose]());

const enqueue = (text: string, userId?: string) =>
  app.core.jobs.transaction((scope) => scope.enqueue(chore, { text, ...(userId ? { userId } : {}) }));
const fail = async (text: string, userId?: string) => {
  const id = await enqueue(text, userId);
  await app.core.reaches(id, "FAILED");
  return id;
};
const reauthenticate = async () =>
  expect((await admin.post("/v1/admin/reauthenticate").send({ password })).status).toBe(200);
const actions = async () => {
  const { items } = (await admin.get("/v1/admin/actions")).body as { items: object[] };
  return items;
};
const idsFound = async (query: string): Promise<string[]> => {
  const response = await admin.get(`/v1/admin/jobs?${query}`);
  expect([query, response.status]).toEqual([query, 200]);
  return (response.body as { items: { id: string }[] }).items.map(({ id }) => id);
};

describe("re-authentication", () => {
  test("is needed for every change, and lasts for ten minutes", async () => {
    const id = await fail("first");
    const retry = () => admin.post(`/v1/admin/jobs/${id}/retry`);
    const refused = await retry();
    expect([refused.status, refused.body.type]).toEqual([403, "/problems/reauthentication-required"]);
    const wrong = await admin.post("/v1/admin/reauthenticate").send({ password: "another password" });
    expect([wrong.status, wrong.body.type]).toEqual([403, "/problems/wrong-password"]);
    expect((await retry()).status).toBe(403);

    await reauthenticate();
    expect((await retry()).body).toEqual({ count: 1 });
    await app.core.sql(`UPDATE "Session" SET "reauthenticatedAt" = now() - interval '10 minutes'`, []);
    expect((await retry()).status).toBe(403);
    await app.core.reaches(id, "FAILED");
  });

  test("counts for one session only, and wrong passwords are throttled", async () => {
    await reauthenticate();
    const other = await createPeople(app).as({ email: "admin@example.com", name: "", password });
    expect((await other.put("/v1/admin/queues/email").send({ paused: true })).status).toBe(403);
    const guess = () => other.post("/v1/admin/reauthenticate").send({ password: "a wrong password" });
    const statuses = [];
    for (let tries = 0; tries < 6; tries++) statuses.push((await guess()).status);
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429]);
    await app.core.sql(`DELETE FROM "Throttle"`, []);
  });
});

describe("the search", () => {
  test("finds jobs by user, name, state, kind and time, page by page", async () => {
    const mine = await fail("mine", adminId);
    const { id: uploadId } = await app.core.database.prisma.upload.create({
      data: { userId: adminId, kind: "IMAGE", filename: "a.png", contentType: "image/png", bytes: 1 },
      select: { id: true },
    });
    const ofUpload = await app.core.jobs.transaction((scope) => scope.enqueue(errand, { uploadId }));
    await app.core.reaches(ofUpload, "FAILED");
    expect(await idsFound("user=ADMIN%40example.com&state=FAILED")).toEqual([ofUpload, mine]);
    expect(await idsFound(`user=${adminId}&name=chore`)).toEqual([mine]);
    expect(await idsFound("name=errand")).toEqual([ofUpload]);
    expect(await idsFound("kind=provider")).toEqual([ofUpload]);
    expect(await idsFound("state=PENDING&name=chore")).toEqual([]);
    expect((await idsFound("state=COMPLETED&name=email")).length).toBeGreaterThan(0);
    const failedAt = (
      await app.core.sql<{ at: Date }>(`SELECT "finishedAt" AS at FROM "Job" WHERE id = $1::uuid`, [ofUpload])
    )[0]!.at.toISOString();
    expect(await idsFound(`state=FAILED&since=${failedAt}`)).toEqual([ofUpload]);
    expect(await idsFound(`state=FAILED&until=${failedAt}`)).not.toContain(ofUpload);
    expect((await admin.get("/v1/admin/jobs?user=nobody@example.com")).status).toBe(422);

    for (const query of ["state=FAILED", "", `user=${adminId}`]) {
      const all = await idsFound(query);
      const paged: string[] = [];
      for (let next: string | null = ""; next !== null;) {
        const page = (await admin.get(`/v1/admin/jobs?${query}&limit=1${next && `&cursor=${next}`}`))
          .body as {
          items: { id: string }[];
          next: string | null;
        };
        paged.push(...page.items.map(({ id }) => id));
        ({ next } = page);
      }
      expect(paged).toEqual(all);
    }
  });

  test("shows a job with its attempts, its flow and its follow-ups, without addresses", async () => {
    const [root] = await app.core.jobs.transaction(async (scope) => {
      const id = await scope.enqueueFlow(
        node(
          chore,
          { text: "Ada Lovelace, 1 Street" },
          { children: [node(chore, { text: "child" }, { onFailure: "fail-parent" })] },
        ),
      );
      return [id] as const;
    });
    await app.core.reaches(root, "FAILED");
    const { body } = await admin.get(`/v1/admin/jobs/${root}`);
    expect(body.payload).toEqual({ text: "[redacted]" });
    expect(body.error).toContain("its child chore failed");
    expect(JSON.stringify(body)).not.toContain("ada@example.com");
    expect(body).toMatchObject({ phase: "dead", errorKind: "child", followUps: [], cause: null });
    expect(body.tree.map((each: { parentId: string | null }) => each.parentId)).toEqual([null, root]);
    const child = (await admin.get(`/v1/admin/jobs/${body.tree[1].id}`)).body;
    expect(child).toMatchObject({ errorKind: "permanent", history: [{ outcome: "failed" }] });
    expect((await admin.get(`/v1/admin/jobs/${crypto.randomUUID()}`)).status).toBe(404);
  });
});

test("failures are counted by queue, kind and hour", async () => {
  const { body } = await admin.get("/v1/admin/failures");
  const count = (name: string, kind: string) =>
    body.items
      .filter((each: { name: string; kind: string }) => each.name === name && each.kind === kind)
      .reduce((sum: number, each: { count: number }) => sum + each.count, 0);
  expect(count("errand", "provider")).toBe(1);
  expect(count("chore", "child")).toBe(1);
  expect(count("chore", "permanent")).toBe(3);
  expect(body.minutes).toBe(60);
});

test("each change is recorded with who, what and how many, also after the account is gone", async () => {
  await reauthenticate();
  const id = await fail("recorded");
  await admin.post(`/v1/admin/jobs/${id}/retry`).expect(200);
  await app.core.reaches(id, "FAILED");
  const later = await app.core.jobs.transaction((scope) =>
    scope.enqueue(chore, { text: "later" }, { delay: 3_600_000 }),
  );
  await admin.post(`/v1/admin/jobs/${later}/cancel`).expect(200);
  expect((await admin.post(`/v1/admin/jobs/${later}/cancel`)).status).toBe(409);
  await admin.put("/v1/admin/queues/email").send({ paused: true }).expect(204);
  await admin.put("/v1/admin/queues/email").send({ paused: true }).expect(204);
  const queues = (await admin.get("/v1/admin/queues")).body.items as { name: string; pausedBy: string }[];
  expect(queues.filter(({ pausedBy }) => pausedBy)).toMatchObject([{ name: "email", pausedBy: adminId }]);
  await admin.put("/v1/admin/queues/email").send({ paused: false }).expect(204);
  expect((await admin.put("/v1/admin/queues/none").send({ paused: true })).status).toBe(404);
  expect((await actions()).slice(0, 4)).toMatchObject([
    { action: "queue.resume", target: { queue: "email" }, userId: adminId, userName: "Ada Lovelace" },
    { action: "queue.pause", target: { queue: "email" } },
    { action: "job.cancel", target: { jobId: later }, count: 1 },
    { action: "job.retry", target: { jobId: id }, count: 1 },
  ]);
  const deletedId = crypto.randomUUID();
  await recordAction(app.core.sql, { userId: deletedId }, { action: "job.retry", target: {} });
  expect((await actions())[0]).toMatchObject({ userId: deletedId, userName: null });
});

test("a replay takes what was counted, at its rate, and survives the worker that began it", async () => {
  await reauthenticate();
  const before = new Date().toISOString();
  for (let n = 0; n < 4; n++) await fail(`replayed ${n}`);
  const count = (await admin.get(`/v1/admin/replays/count?name=chore&since=${before}`)).body.count as number;
  expect(count).toBe(4);
  const started = await admin
    .post("/v1/admin/replays")
    .send({ filter: { name: "chore", since: before }, count: 3, perMinute: 60 });
  expect(started.status).toBe(202);
  isBroken.chores = false;
  const replay = async () => (await admin.get("/v1/admin/replays")).body.items[0] as Record<string, unknown>;
  const pass = async (seconds: number) => {
    await app.core.sql(`UPDATE "JobReplay" SET "movedAt" = now() - $1::int * interval '1 second'`, [seconds]);
    await app.core.database.jobs.transaction((_tx, sql) => continueReplays(sql));
  };
  await pass(0);
  expect(await replay()).toMatchObject({ replayed: 0, state: "RUNNING" });
  await pass(2);
  expect(await replay()).toMatchObject({ replayed: 2, state: "RUNNING" });
  const due = await app.core.sql<{ seconds: number }>(
    `SELECT extract(epoch FROM max("readyAt") - min("readyAt"))::float8 AS seconds FROM "Job"
     WHERE name = 'chore' AND history -> -1 ->> 'outcome' = 'replayed' AND "createdAt" >= $1::timestamptz`,
    [before],
  );
  expect(due[0]?.seconds).toBeCloseTo(1);
  await pass(3_600);
  expect(await replay()).toMatchObject({ replayed: 3, total: 3, state: "DONE" });
  expect((await admin.get(`/v1/admin/replays/count?name=chore&since=${before}`)).body.count).toBe(1);

  const endless = await admin
    .post("/v1/admin/replays")
    .send({ filter: { user: "admin@example.com" }, count: 2, perMinute: 1 });
  await admin.post(`/v1/admin/replays/${endless.body.id}/stop`).expect(204);
  expect((await admin.post(`/v1/admin/replays/${endless.body.id}/stop`)).status).toBe(404);
  expect((await actions()).slice(0, 2)).toMatchObject([
    { action: "replay.stop", count: 0 },
    { action: "replay.start", target: { perMinute: 1, filter: { userId: adminId } }, count: 2 },
  ]);
  expect(JSON.stringify(await actions())).not.toContain("admin@example.com");
});

describe("the broker's own page", () => {
  const pause = () => admin.put("/admin/queues/api/queues/email/pause");

  test("is served under its own policy", async () => {
    const page = await admin.get("/admin/queues");
    expect(page.status).toBe(200);
    expect(page.headers["content-security-policy"]).toContain("base-uri 'self'");
    const { body } = await admin.get("/admin/queues/api/queues");
    expect(body.queues.map(({ name }: { name: string }) => name)).toContain("email");
  });

  test("needs the password for changes, pauses in the ledger, and is recorded", async () => {
    await app.core.sql(`UPDATE "Session" SET "reauthenticatedAt" = NULL`, []);
    const refused = await pause();
    expect([refused.status, refused.body.type]).toEqual([403, "/problems/reauthentication-required"]);
    expect((await pause().set("Sec-Fetch-Site", "cross-site")).body.type).toBe("/problems/cross-site");
    await reauthenticate();
    expect((await pause()).status).toBe(200);
    expect((await findPauses(app.core.sql)).map(({ name }) => name)).toEqual(["email"]);
    expect((await actions())[0]).toMatchObject({ action: "broker.change", userId: adminId });
    expect((await admin.put("/admin/queues/api/queues/email/resume")).status).toBe(200);
    expect(await findPauses(app.core.sql)).toEqual([]);
  });

  test("changes nothing where it is read-only", async () => {
    await using other = await createTestApp({ writableBoard: false });
    const someone = await createPeople(other).session("admin@example.com");
    await other.core.sql(`UPDATE "User" SET role = 'ADMIN'`, []);
    expect((await someone.put("/admin/queues/api/queues/email/pause")).status).toBe(405);
  });
});
