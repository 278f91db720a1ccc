import { afterAll, beforeAll, expect, test } from "vitest";
import type { Request, Response } from "express";
import { followRequests } from "../../api/watch/request-jobs.ts";
import { createSafety } from "../../api/watch/safety.ts";
import { until } from "../../scripts/processes/until.ts";
import { insertJob } from "../support/core/insert-job.ts";
import { createControlledApp, OWN } from "../support/api/controls.ts";
import { createPeople } from "../support/api/people.ts";
import { demoTask } from "../../workers/demo-task/job.ts";

let app: Awaited<ReturnType<typeof createControlledApp>>;
beforeAll(async () => {
  app = await createControlledApp();
});
afterAll(() => app[Symbol.asyncDispose]());

const die = () => Promise.reject(new Error("died"));
const get = (path: string) => app.request.get(`/watch/control${path}`).set(OWN);
const state = async () => (await get("/state")).body;
const signUp = (email: string, headers: Record<string, string> = {}) =>
  app.request.post("/v1/signup").set(headers).send({ email, name: "Ada", password: "correct horse battery" });
const countUsers = async (like: string) =>
  (await app.core.sql<{ count: number }>(`SELECT count(*)::int FROM "User" WHERE email LIKE $1`, [like]))[0]!
    .count;

const untilLoadEnds = () =>
  until("no load is running", async () => {
    const { flood } = await state();
    return flood.endedAt !== null && flood;
  });

const acts = [
  ["put", "/providers", { mail: "off" }],
  ["post", "/workers/any/kill", {}],
  ["post", "/api/kill", {}],
  ["post", "/broker/empty", {}],
  ["put", "/queues/email", { paused: false }],
  ["post", "/poison", {}],
  ["post", "/flood", { signups: 1 }],
  ["post", "/rain", { perSecond: 1, seconds: 1 }],
  ["post", "/limited", {}],
  ["post", "/ordered", {}],
  ["post", "/batch", { count: 1 }],
  ["post", "/twice", {}],
  ["post", "/jobs/retry", { name: "email" }],
  ["post", "/jobs/019abcde-0000-7000-8000-000000000000/retry", {}],
  ["post", "/jobs/019abcde-0000-7000-8000-000000000000/cancel", {}],
  ["post", "/reset", {}],
  ["get", "/state", undefined],
  ["get", "/inbox", undefined],
  ["get", "/inbox/any", undefined],
  ["get", "/inbox/any/html", undefined],
  ["get", "/phones", undefined],
] as const;

const { "X-Watch": _, ...withoutScript } = OWN;

test.each([
  ["under a foreign host name (DNS rebinding)", { ...OWN, Host: "evil.example" }, "/problems/forbidden-host"],
  ["from another site", { ...OWN, "Sec-Fetch-Site": "cross-site" }, "/problems/cross-site"],
  ["from another program", { "X-Watch": "1" }, "/problems/cross-site"],
  ["of a form or a link", withoutScript, "/problems/cross-site"],
])("no control accepts a request %s", async (_what, headers, type) => {
  const isFrame = (path: string) => path.endsWith("/html") && headers === withoutScript;
  for (const [method, path, body] of acts.filter(([, each]) => !isFrame(each))) {
    const response = await app.request[method](`/watch/control${path}`).set(headers).send(body);
    expect([path, response.status, response.body.type]).toEqual([path, 403, type]);
  }
  const killing = await signUp("refused-killer@example.com", { ...headers, "X-Watch-Kill": "before-commit" });
  expect([killing.status, killing.body.type]).toEqual([403, type]);
  expect(await countUsers("refused-killer@example.com")).toBe(0);
});

test("bodies are checked, and unknown things are not found", async () => {
  const refused = async (method: "post" | "put", path: string, body: object) => {
    const { status } = await app.request[method](`/watch/control${path}`).set(OWN).send(body);
    return status;
  };
  expect(await refused("put", "/providers", {})).toBe(422);
  expect(await refused("put", "/providers", { mail: "limit" })).toBe(422);
  expect(await refused("put", "/providers", { pigeon: "off" })).toBe(422);
  expect(await refused("post", "/flood", { signups: 1_001 })).toBe(422);
  expect(await refused("post", "/rain", { perSecond: 1_001, seconds: 1 })).toBe(422);
  expect(await refused("post", "/rain", { perSecond: 1, seconds: 31 })).toBe(422);
  expect(await refused("post", "/ordered", { count: 51 })).toBe(422);
  expect(await refused("post", "/jobs/retry", {})).toBe(422);
  expect(await refused("post", "/jobs/retry", { ids: [], name: "email" })).toBe(422);
  expect(await refused("post", "/jobs/no-id/retry", {})).toBe(404);
  expect(await refused("post", "/no-such-act", {})).toBe(404);
  expect((await app.act("put", "/queues/no-such-queue", { paused: true })).status).toBe(404);
  expect((await app.act("post", "/workers/no-such-worker/kill")).status).toBe(404);
  const text = app.request.post("/watch/control/flood").set(OWN).type("text").send("signups=1");
  expect((await text).status).toBe(415);
});

test("one act per second may break something, and repairs are never refused", async () => {
  expect((await app.act("put", "/queues/email", { paused: true })).body).toEqual({ paused: ["email"] });
  const second = await app.request.put("/watch/control/providers").set(OWN).send({ mail: "refuse" });
  expect([second.status, second.body.type]).toEqual([429, "/problems/too-many-requests"]);
  expect(second.headers["retry-after"]).toBe("1");
  const killing = await signUp("soon@example.com", { ...OWN, "X-Watch-Kill": "after-commit" });
  expect(killing.status).toBe(429);
  const resume = await app.request.put("/watch/control/queues/email").set(OWN).send({ paused: false });
  expect([resume.status, resume.body]).toEqual([200, { paused: [] }]);
  expect((await app.request.post("/watch/control/reset").set(OWN)).status).toBe(200);
});

test("a provider that is switched off fails, and a reset repairs it", async () => {
  expect((await app.act("put", "/providers", { mail: "refuse", push: "limit" })).body).toEqual({
    mail: "refuse",
    transcription: "off",
    push: "limit",
  });
  expect(await state()).toEqual({
    providers: { mail: "refuse", transcription: "off", push: "limit" },
    paused: [],
    flood: null,
    brokerEmptiedAt: null,
  });
  const response = await signUp("refused@example.com");
  const [id = ""] = String(response.headers["x-job-ids"]).split(",");
  await until("an attempt has failed", async () => (await app.core.row(id)).history.length > 0);
  expect((await app.act("post", "/reset")).body.providers).toEqual({
    mail: "off",
    transcription: "off",
    push: "off",
  });
  await app.core.reaches(id, "COMPLETED");
});

test("a paused queue takes no job until it is resumed, or everything is reset", async () => {
  for (const resume of [
    () => app.act("put", "/queues/demo-task", { paused: false }),
    () => app.act("post", "/reset"),
  ]) {
    const before = app.core.logged.length;
    await app.act("put", "/queues/demo-task", { paused: true });
    expect((await state()).paused).toEqual(["demo-task"]);
    await until("the workers know it", () =>
      app.core.logged.slice(before).some(({ message }) => message === "paused queues"),
    );
    const { ids } = (await app.act("post", "/twice")).body as { ids: string[] };
    expect(ids[0]).toBe(ids[1]);
    await app.core.reaches(ids[0]!, "PUBLISHED");
    await signUp(`paused-${ids[0]}@example.com`);
    await app.mailTo(`paused-${ids[0]}@example.com`); // other queues go on
    expect((await app.core.row(ids[0]!)).startedAt).toBeNull();
    expect((await resume()).body.paused).toEqual([]);
    await app.core.reaches(ids[0]!, "COMPLETED");
  }
});

test("an emptied broker has no jobs, and its queues stay paused", async () => {
  await app.act("put", "/queues/demo-task", { paused: true });
  const { ids } = (await app.act("post", "/ordered", { count: 1 })).body as { ids: string[] };
  ids.push(await insertJob(app.core.sql, demoTask, { work: "nothing" }));
  for (const id of ids) await app.core.reaches(id, "PUBLISHED");
  const inBroker = (id: string) => app.core.broker.queue("demo-task").getJobState(`${id}-1`);
  for (const id of ids) expect(await inBroker(id)).not.toBe("unknown");
  expect((await app.act("post", "/broker/empty")).body).toEqual({ held: 2 });
  const { paused, brokerEmptiedAt } = await state();
  expect(paused).toEqual(["demo-task"]);
  expect(new Date(brokerEmptiedAt).toISOString()).toBe(brokerEmptiedAt);
  // The sweep of a worker process would publish them again: see test/chaos/watch-controls.test.ts.
  await app.core.broker.ping();
  for (const id of ids) expect(await inBroker(id)).toBe("unknown");
  await app.act("put", "/queues/demo-task", { paused: false });
});

test("tasks of one key run in their order, and one idempotency key is one task", async () => {
  const { ids } = (await app.act("post", "/ordered", { count: 3 })).body as { ids: string[] };
  for (const id of ids) await app.core.reaches(id, "COMPLETED");
  const rows = await app.core.sql<{ number: number }>(
    `SELECT (payload ->> 'number')::int AS number FROM "Job" WHERE id = ANY ($1::uuid[]) ORDER BY "finishedAt"`,
    [ids],
  );
  expect(rows.map(({ number }) => number)).toEqual([1, 2, 3]);
  const twice = (await app.act("post", "/twice")).body as { ids: string[] };
  expect(new Set(twice.ids).size).toBe(1);
});

test("limited: so many mails of sign-ups, in their queue", async () => {
  const { ids } = (await app.act("post", "/limited", { count: 3 })).body as { ids: string[] };
  expect(new Set(ids).size).toBe(3);
  for (const id of ids) expect(await app.core.reaches(id, "COMPLETED")).toMatchObject({ name: "email" });
});

test("a flood signs up as many as it was asked to, and is the only load", async () => {
  const before = await countUsers("%@flood.example");
  const started = await app.act("post", "/flood", { signups: 60 });
  expect(started).toMatchObject({ status: 202, body: { signups: 60, since: expect.stringMatching(/Z$/) } });
  expect(await untilLoadEnds()).toMatchObject({
    ...{ id: started.body.id, kind: "flood", wanted: 60, accepted: 60, startedAt: started.body.since },
  });
  expect(await countUsers("%@flood.example")).toBe(before + 60);
});

test("a rain adds as many tasks as it was asked to", async () => {
  await app.act("post", "/rain", { perSecond: 100, seconds: 1 });
  expect(await untilLoadEnds()).toMatchObject({ kind: "rain", wanted: 100, accepted: 100 });
  const [tasks] = await app.core.sql<{ count: number }>(
    `SELECT count(*)::int FROM "Job" WHERE payload = '{"work":"nothing"}' AND name = 'demo-task'`,
    [],
  );
  expect(tasks!.count).toBeGreaterThanOrEqual(100);
});

test("load is refused while one runs, which a reset ends, and while more than 20,000 jobs are open", async () => {
  await app.act("post", "/rain", { perSecond: 10, seconds: 30 });
  expect((await app.act("post", "/flood", { signups: 1 })).body).toMatchObject({
    type: "/problems/load-refused",
    detail: "Another load is running.",
  });
  expect((await app.act("post", "/reset")).status).toBe(200);
  expect((await untilLoadEnds()).accepted).toBeLessThan(300);
  await app.core.sql(
    `INSERT INTO "Job" (id, name, payload, "dueAt")
     SELECT gen_random_uuid(), 'later', '{}', now() + interval '1 day' FROM generate_series(1, 20001)`,
    [],
  );
  expect((await app.act("post", "/flood", { signups: 1 })).body).toMatchObject({
    detail: "More than 20,000 jobs are open.",
  });
  await app.core.sql(`DELETE FROM "Job" WHERE name = 'later'`, []);
  expect(app.failures).toEqual([]);
});

test("a poisonous task is enqueued, fails for good, and can be retried by id, by kind and by name", async () => {
  const { id } = (await app.act("post", "/poison")).body as { id: string };
  expect(await app.core.row(id)).toMatchObject({ name: "demo-task" });
  const failed = async (kind: string) =>
    app.core.sql(
      `UPDATE "Job" SET state = 'FAILED', "finishedAt" = now(), "startedAt" = NULL, payload = '{"work":"nothing"}',
              history = history || jsonb_build_object('outcome', 'crashed', 'kind', $2::text) WHERE id = $1::uuid`,
      [id, kind],
    );
  await until("it waits for its next attempt", async () => (await app.core.row(id)).history.length > 0);
  for (const [path, body] of [
    [`/jobs/${id}/retry`, {}],
    ["/jobs/retry", { ids: [id] }],
    ["/jobs/retry", { kind: "crashed" }],
    ["/jobs/retry", { name: "demo-task", kind: "crashed" }],
  ] as const) {
    await failed("crashed");
    expect((await app.act("post", "/jobs/retry", { kind: "timeout" })).body).toEqual({ count: 0 });
    expect((await app.act("post", path, body)).body).toEqual({ count: 1 });
    await app.core.reaches(id, "COMPLETED");
  }
});

test("a job that has not started can be cancelled, once", async () => {
  const id = await insertJob(app.core.sql, demoTask, { work: "nothing" }, { delay: 600_000 });
  expect((await app.act("post", `/jobs/${id}/cancel`)).body).toEqual({ count: 1 });
  expect((await app.core.row(id)).state).toBe("CANCELLED");
  expect((await app.act("post", `/jobs/${id}/cancel`)).body).toEqual({ count: 0 });
});

test("mails and pushes are passed on, and the HTML of a mail can do nothing", async () => {
  await signUp("reader@example.com");
  await app.mailTo("reader@example.com");
  const { body: list } = await get("/inbox?to=reader@example.com");
  expect(list).toMatchObject({ total: 1, messages: [{ to: "reader@example.com" }] });
  const path = `/inbox/${list.messages[0].id}`;
  expect((await get(path)).body).toMatchObject({ to: "reader@example.com", copies: 1 });
  const html = await app.request.get(`/watch/control${path}/html`).set(withoutScript);
  expect(html.status).toBe(200);
  expect(html.text).toContain("<html");
  expect(html.headers["content-security-policy"]).toMatch(/^sandbox allow-popups .*; default-src 'none';/);
  expect((await get("/inbox/no-such-mail")).status).toBe(404);
  expect((await get("/inbox/no-such-mail/html")).status).toBe(404);
  expect((await get("/phones")).body).toEqual([]);
});

test("a response names the jobs that its request has committed, and no others", async () => {
  const response = await signUp("named@example.com");
  const ids = String(response.headers["x-job-ids"]).split(",");
  expect(ids).toHaveLength(1);
  expect(await app.core.row(ids[0]!)).toMatchObject({ name: "email" });
  expect((await signUp("not an address")).headers).not.toHaveProperty("x-job-ids");
  expect((await app.request.get("/healthz")).headers).not.toHaveProperty("x-job-ids");
});

test("of many jobs, the newest 40 of the transaction are named, and of a flow its root", async () => {
  const named = followRequests({ jobs: app.core.jobs, safety: createSafety("http://app.test"), die });
  const headers: Record<string, string> = {};
  const response = { headersSent: false, set: (values: object) => Object.assign(headers, values) };
  const work = () =>
    named.jobs.transaction(async ({ enqueueMany, enqueueFlow }) => {
      await enqueueMany(demoTask, Array(45).fill({ payload: { work: "nothing" } }));
      return enqueueFlow({ job: demoTask, payload: { work: "nothing" }, options: {}, children: [] });
    });
  await named.jobs.transaction(({ enqueue }) => enqueue(demoTask, { work: "nothing" })); // of no request
  const root = await new Promise<string>((resolve, reject) => {
    named.around({ headers: {} } as Request, response as unknown as Response, () =>
      work().then(resolve, reject),
    );
  });
  const ids = headers["X-Job-Ids"]!.split(",");
  expect(ids).toHaveLength(40);
  expect(ids.at(-1)).toBe(root);
  expect(headers["X-Job-Count"]).toBe("46");
  const found = await app.core.sql(`SELECT id FROM "Job" WHERE id = ANY ($1::uuid[])`, [ids]);
  expect(found).toHaveLength(40);
});

test("a request that dies before its commit leaves nothing, and after it everything", async () => {
  const killAt = async (moment: string, email: string) => {
    app.skipASecond();
    return (await signUp(email, { ...OWN, "X-Watch-Kill": moment })).status;
  };
  expect(await killAt("whenever", "never@example.com")).toBe(422);
  expect(await killAt("before-commit", "before@example.com")).toBe(500);
  expect(await countUsers("before@example.com")).toBe(0);
  expect(await killAt("after-commit", "after@example.com")).toBe(500);
  expect(await countUsers("after@example.com")).toBe(1);
  await app.mailTo("after@example.com");
});

test("the page may name a grace of seconds for a deletion, and only the page", async () => {
  const people = createPeople(app);
  const ada = await people.verified("grace@example.com");
  const ask = async (headers: Record<string, string>) =>
    (await people.as(ada)).delete("/v1/account").set(headers).send({ password: ada.password });
  expect((await ask({ "X-Watch-Grace": "30" })).status).toBe(403);
  expect((await ask({ ...OWN, "X-Watch-Grace": "1" })).body.errors[0].field).toBe("X-Watch-Grace");

  const { status, body } = await ask({ ...OWN, "X-Watch-Grace": "30" });
  expect(status).toBe(202);
  const { dueAt, requestedAt } = await app.core.database.prisma.accountDeletion.findFirstOrThrow({
    where: { user: { email: ada.email } },
  });
  expect(dueAt.toISOString()).toBe(body.deletionAt);
  expect(Math.round((dueAt.getTime() - requestedAt.getTime()) / 1_000)).toBe(30);
  expect((await people.logIn(ada)).body.deletionCancelled).toBe(true);
});

test("the page may schedule a report for every minute", async () => {
  const ada = await createPeople(app).session("minutes@example.com");
  const { id } = (await ada.post("/v1/projects").send({ name: "Apollo" })).body;
  const put = (body: object) => ada.put(`/v1/report-schedules/${id}`).send({ delivery: "LINK", ...body });
  expect((await put({ cadence: "MINUTES" })).body.errors[0].field).toBe("minutes");

  const { status, body } = await put({ cadence: "MINUTES", minutes: 1 });
  expect([status, body.cadence, body.minutes]).toEqual([200, "MINUTES", 1]);
  const runs = body.nextRuns.map(({ utc }: { utc: string }) => Date.parse(utc));
  expect(runs.map((run: number) => run - runs[0])).toEqual([0, 60_000, 120_000]);
  expect(runs[0] % 60_000).toBe(0);
  expect((await ada.get("/v1/report-schedules")).body.items).toMatchObject([{ cadence: "MINUTES" }]);

  const daily = await put({ cadence: "DAILY", hour: 8 });
  expect([daily.status, daily.body.minutes]).toEqual([200, null]);
});
