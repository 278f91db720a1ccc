import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import {
  defineJob,
  defineWorker,
  node,
  PermanentError,
  RateLimitedError,
  replayJobs,
  type Run,
} from "../../workers/core/index.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { until } from "../../scripts/processes/until.ts";

type Work = (run: Run<Tx>) => Promise<unknown>;

// One job for all tests. Its handler calls the function in `works` that the payload names.
const works = new Map<string, Work>();
const act = defineJob({
  name: "act",
  payload: z.object({ work: z.string() }),
  attempts: 3,
  backoff: { delay: 50 },
  timeout: 30_000,
  rateLimit: { max: 1_000, per: 1_000 },
});
const brief = defineJob({ name: "brief", payload: z.object({}), attempts: 1, timeout: 100 });

let core: Core;
beforeAll(async () => {
  core = await createCore();
  core.startRelay();
  core.work(
    defineWorker(act, async ({ work }, run) => works.get(work)?.(run)),
    defineWorker(brief, (_payload, run) => sleep(60_000, undefined, { signal: run.signal })),
  );
});
afterAll(() => core[Symbol.asyncDispose]());

const enqueueWork = (name: string, work: Work): Promise<string> => {
  works.set(name, work);
  return core.jobs.transaction(({ enqueue }) => enqueue(act, { work: name }));
};

const users = (name: string) => core.database.prisma.user.count({ where: { name } });
const addUser = (tx: Tx, name: string) =>
  tx.user.create({ data: { email: `${crypto.randomUUID()}@example.com`, name, passwordHash: "-" } });

test("what the handler returns becomes the result", async () => {
  const id = await enqueueWork("return", async (run) => ({ attempt: run.attempt }));
  expect(await core.reaches(id, "COMPLETED")).toMatchObject({
    result: { attempt: 1 },
    history: [],
    error: null,
  });
});

test("the ledger describes a database error without its values", async () => {
  const id = await enqueueWork("twice the same", async (run) => {
    const data = { email: "same@example.com", name: "Same", passwordHash: "-" };
    await run.complete(async (tx) => tx.user.createMany({ data: [data, data] }));
  });
  const { error } = await core.reaches(id, "FAILED");
  expect(error).toMatch(
    /^PrismaClientKnownRequestError P2002: Invalid `tx\.user\.createMany\(\)` invocation/,
  );
});

test("a failed job is retried with backoff, and the ledger records each attempt", async () => {
  const id = await enqueueWork("fail twice", async ({ attempt }) => {
    if (attempt < 3) throw new Error(`attempt ${attempt} failed`);
  });
  const { history, attempt } = await core.reaches(id, "COMPLETED");
  expect(attempt).toBe(2);
  expect(history).toMatchObject([
    { outcome: "retry", error: "Error: attempt 1 failed" },
    { outcome: "retry", error: "Error: attempt 2 failed" },
  ]);
  for (const { endedAt, retryAt } of history)
    expect(Date.parse(retryAt ?? "")).toBeGreaterThan(Date.parse(endedAt));
});

test("a job goes to the dead letter after its last attempt, and two concurrent replays run it once", async () => {
  let broken = true;
  let runs = 0;
  const id = await enqueueWork("fail until fixed", async () => {
    runs += 1;
    if (broken) throw new Error("broken");
  });
  expect(await core.reaches(id, "FAILED")).toMatchObject({ attempt: 3, error: "Error: broken" });
  broken = false;
  const replays = await Promise.all([replayJobs(core.sql, [id]), replayJobs(core.sql, [id])]);
  expect(replays.flat()).toEqual([{ id }]);
  expect(await core.reaches(id, "COMPLETED")).toMatchObject({ epoch: 2, attempt: 0, error: null });
  expect(runs).toBe(4);
});

test("a permanent error fails the job without further attempts", async () => {
  const id = await enqueueWork("give up", async () => {
    throw new PermanentError("no such mailbox");
  });
  expect(await core.reaches(id, "FAILED")).toMatchObject({
    attempt: 1,
    error: "PermanentError: no such mailbox",
  });
});

test("a rate limit pauses the queue and spends no attempt", async () => {
  const started: number[] = [];
  const id = await enqueueWork("throttled", async ({ attempt }) => {
    started.push(Date.now());
    if (started.length === 1) throw new RateLimitedError(3_000);
    return attempt;
  });
  const queue = core.broker.queue(act.name);
  // Longer than the window of the job's own rate limit.
  await until("the queue is paused", async () => (await queue.getRateLimitTtl()) > 1_000);
  const other = await enqueueWork("next to it", async () => Date.now());
  expect(await core.reaches(id, "COMPLETED")).toMatchObject({ result: 1, attempt: 0 });
  const { result } = await core.reaches(other, "COMPLETED");
  expect(Number(result) - (started[0] ?? 0)).toBeGreaterThanOrEqual(2_900);
});

test("the effect and its completion commit together", async () => {
  const id = await enqueueWork("complete", (run) =>
    run.complete(async (tx) => (await addUser(tx, "together")).name),
  );
  expect(await core.reaches(id, "COMPLETED")).toMatchObject({ result: "together" });
  expect(await users("together")).toBe(1);
});

test("an effect that fails is rolled back and tried again", async () => {
  const id = await enqueueWork("complete at the second try", (run) =>
    run.complete(async (tx) => {
      await addUser(tx, "tried twice");
      if (run.attempt === 1) throw new Error("half-way");
    }),
  );
  await core.reaches(id, "COMPLETED");
  expect(await users("tried twice")).toBe(1);
});

test("an effect is rolled back when another delivery superseded the run", async () => {
  const id = await enqueueWork("overtaken", (run) =>
    run.complete(async (tx) => {
      await addUser(tx, "overtaken");
      await core.sql(`UPDATE "Job" SET epoch = epoch + 1 WHERE id = $1::uuid`, [run.id]);
    }),
  );
  await until("the run is superseded", () =>
    core.logged.some(({ fields }) => fields["id"] === id && fields["outcome"] === "superseded"),
  );
  expect(await users("overtaken")).toBe(0);
});

test("follow-ups are inserted only if the job completes", async () => {
  works.set("follow-up", async () => "followed");
  const failing = await enqueueWork("enqueue and fail", async (run) => {
    run.enqueue(act, { work: "never" });
    throw new PermanentError("no");
  });
  const completing = await enqueueWork("enqueue and return", async (run) =>
    run.enqueue(act, { work: "follow-up" }),
  );
  await core.reaches(failing, "FAILED");
  await core.reaches(completing, "COMPLETED");
  const rows = await core.sql<{ id: string; work: string }>(
    `SELECT id, payload->>'work' AS work FROM "Job" WHERE payload->>'work' IN ('never', 'follow-up')`,
    [],
  );
  expect(rows.map(({ work }) => work)).toEqual(["follow-up"]);
  expect(await core.reaches(rows[0]?.id ?? "", "COMPLETED")).toMatchObject({ result: "followed" });
});

test("a follow-up after the completion is rejected, because it would not be inserted", async () => {
  const id = await enqueueWork("too late", async (run) => {
    await run.complete(async () => "done");
    expect(() => run.enqueue(brief, {})).toThrow("after run.complete");
    expect(() => run.enqueueFlow(node(brief, {}))).toThrow("after run.complete");
  });
  await core.reaches(id, "COMPLETED");
});

test("progress is in the ledger while the job runs", async () => {
  let resume = () => {};
  const resumed = new Promise<void>((resolve) => (resume = resolve));
  const id = await enqueueWork("progress", async (run) => {
    await run.progress({ percent: 50 });
    await resumed;
  });
  await until("progress is in the ledger", async () => (await core.row(id)).progress !== null);
  expect(await core.row(id)).toMatchObject({ progress: { percent: 50 }, state: "PUBLISHED" });
  resume();
  await core.reaches(id, "COMPLETED");
});

test("a run that exceeds its timeout is aborted, and counts as an attempt", async () => {
  const id = await core.jobs.transaction(({ enqueue }) => enqueue(brief, {}));
  expect(await core.reaches(id, "FAILED")).toMatchObject({
    attempt: 1,
    error: "TimeoutError: timed out after 100 ms",
  });
});

test("a job whose payload does not match the schema goes to the dead letter", async () => {
  const id = await enqueueWork("old", async () => {});
  await core.reaches(id, "COMPLETED");
  await core.sql(
    `UPDATE "Job" SET payload = '{"worth": 1}', state = 'PENDING', epoch = 2, "dueAt" = now() WHERE id = $1::uuid`,
    [id],
  );
  expect((await core.reaches(id, "FAILED")).error).toMatch(
    /^PermanentError: the payload does not match the schema/,
  );
});

test("the ledger keeps the first line of an error and no stack", async () => {
  const id = await enqueueWork("many lines", async () => {
    throw new PermanentError(`first line\nsecond line`);
  });
  expect((await core.reaches(id, "FAILED")).error).toBe("PermanentError: first line");
});
