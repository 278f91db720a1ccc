import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import {
  cancelJobs,
  createJobs,
  createPgDatabase,
  defineJob,
  defineWorker,
} from "../../workers/core/index.ts";
import { type Core, createCore } from "../support/core/core.ts";

const note = defineJob({ name: "note", payload: z.object({ text: z.string() }) });
const keyed = defineJob({
  name: "keyed",
  payload: z.object({ period: z.string() }),
  key: ({ period }) => period,
});
const ordered = defineJob({ name: "ordered", payload: z.object({ text: z.string() }), concurrency: 1 });
const ranked = defineJob({
  name: "ranked",
  payload: z.object({ rank: z.string().transform(Number) }),
  priority: ({ rank }) => rank,
});
const handled: string[] = [];

let core: Core;
beforeAll(async () => {
  core = await createCore();
});
afterAll(() => core[Symbol.asyncDispose]());

const enqueue = (text: string) => core.jobs.transaction(({ enqueue }) => enqueue(note, { text }));

test("a job waits in the ledger until a relay runs", async () => {
  const id = await enqueue("waits");
  expect(await core.row(id)).toMatchObject({ name: "note", state: "PENDING", epoch: 1, attempt: 0 });
});

test("a rolled back transaction leaves neither data nor job", async () => {
  const attempt = core.jobs.transaction(async ({ tx, enqueue }) => {
    await tx.user.create({ data: { email: "nobody@example.com", name: "Nobody", passwordHash: "-" } });
    await enqueue(note, { text: "never" });
    throw new Error("changed my mind");
  });
  await expect(attempt).rejects.toThrow("changed my mind");
  expect(await core.database.prisma.user.count()).toBe(0);
  expect(await core.database.prisma.job.count({ where: { payload: { equals: { text: "never" } } } })).toBe(0);
});

test("data and job become visible together, at the commit", async () => {
  await core.jobs.transaction(async ({ tx, enqueue }) => {
    await tx.user.create({ data: { email: "ada@example.com", name: "Ada", passwordHash: "-" } });
    const id = await enqueue(note, { text: "together" });
    expect(await core.database.prisma.job.count({ where: { id } })).toBe(0);
    expect(await tx.job.count({ where: { id } })).toBe(1);
  });
  expect(await core.database.prisma.user.count()).toBe(1);
});

test("twenty concurrent enqueues with one idempotency key create one job", async () => {
  const ids = await Promise.all(
    Array.from({ length: 20 }, () =>
      core.jobs.transaction(({ enqueue }) => enqueue(keyed, { period: "2026-11" })),
    ),
  );
  expect(new Set(ids).size).toBe(1);
  const other = await core.jobs.transaction(({ enqueue }) => enqueue(keyed, { period: "2026-12" }));
  expect(ids).not.toContain(other);
});

test("jobs with different names may have the same idempotency key", async () => {
  const namesake = defineJob({ ...keyed, name: "namesake" });
  const [one, other] = await core.jobs.transaction(({ enqueue }) =>
    Promise.all([enqueue(keyed, { period: "2027" }), enqueue(namesake, { period: "2027" })]),
  );
  expect(one).not.toBe(other);
});

test.for([
  { priority: 2_097_152 },
  { priority: -1 },
  { priority: 0.5 },
  { delay: -1 },
  { delay: Number.NaN },
])("the options %o are rejected", async (options) => {
  const attempt = core.jobs.transaction(({ enqueue }) => enqueue(note, { text: "never" }, options));
  await expect(attempt).rejects.toThrow(RangeError);
});

test("an invalid payload is rejected, and nothing is written", async () => {
  const before = await core.database.prisma.job.count();
  // @ts-expect-error: text must be a string
  await expect(core.jobs.transaction(({ enqueue }) => enqueue(note, { text: 1 }))).rejects.toThrow(
    z.ZodError,
  );
  expect(await core.database.prisma.job.count()).toBe(before);
});

test("text that PostgreSQL cannot store is sanitized, not rejected", async () => {
  const id = await enqueue("a\u0000b\ud800c");
  expect(await core.database.prisma.job.findUnique({ where: { id } })).toMatchObject({
    payload: { text: "ab\ufffdc" },
  });
});

test("a cancelled job is never published", async () => {
  const id = await enqueue("cancelled");
  expect(await cancelJobs(core.sql, [id])).toEqual([{ id }]);
  expect(await cancelJobs(core.sql, [id])).toEqual([]);
  expect(await core.row(id)).toMatchObject({ state: "CANCELLED" });
});

test("a cancelled job frees its idempotency key", async () => {
  const again = () =>
    core.jobs.transaction(({ enqueue }) => enqueue(keyed, { period: "again" }, { delay: 60_000 }));
  const first = await again();
  expect(await again()).toBe(first);
  await cancelJobs(core.sql, [first]);
  expect(await again()).not.toBe(first);
});

test("urgent jobs overtake waiting ones, and delayed jobs stay in the ledger", async () => {
  const [later, last, first, middle] = await core.jobs.transaction(async ({ enqueue }) => [
    await enqueue(ordered, { text: "later" }, { delay: 86_400_000 }),
    await enqueue(ordered, { text: "last" }, { priority: 10 }),
    await enqueue(ordered, { text: "first" }),
    await enqueue(ordered, { text: "middle" }, { priority: 1 }),
  ]);
  core.startRelay().nudge();
  for (const id of [last, first, middle]) await core.reaches(id ?? "", "PUBLISHED");
  core.work(defineWorker(ordered, async ({ text }) => handled.push(text)));
  await core.reaches(last ?? "", "COMPLETED");
  expect(handled).toEqual(["first", "middle", "last"]);
  expect(await core.row(later ?? "")).toMatchObject({ state: "PENDING" });
});

test("a job can derive its priority from the parsed payload, and an enqueue can override it", async () => {
  const ids = await core.jobs.transaction(async ({ enqueue }) => [
    await enqueue(ranked, { rank: "7" }),
    await enqueue(ranked, { rank: "7" }, { priority: 0 }),
  ]);
  const rows = await core.database.prisma.job.findMany({
    where: { id: { in: ids } },
    orderBy: { id: "asc" },
  });
  expect(rows.map(({ priority }) => priority)).toEqual([7, 0]);
});

test("a job that was cancelled after its publication does not run", async () => {
  const id = await enqueue("too late");
  await core.reaches(id, "PUBLISHED");
  await cancelJobs(core.sql, [id]);
  const ran: string[] = [];
  core.work(defineWorker(note, async ({ text }) => ran.push(text)));
  const next = await enqueue("next");
  await core.reaches(next, "COMPLETED");
  expect(ran).toContain("next");
  expect(ran).not.toContain("too late");
  expect(ran).not.toContain("cancelled");
});

test("with node-postgres alone, data and job commit or roll back together", async () => {
  const pool = new pg.Pool({ connectionString: core.url, max: 2 });
  onTestFinished(() => pool.end());
  await pool.query("CREATE TABLE lifted (id int PRIMARY KEY)");
  const jobs = createJobs(createPgDatabase(pool), () => {});
  const add = (id: number) =>
    jobs.transaction(async ({ tx, enqueue }) => {
      const job = await enqueue(note, { text: `lifted ${id}` });
      await tx.query("INSERT INTO lifted VALUES ($1)", [id]);
      return job;
    });
  expect(await core.row(await add(1))).toMatchObject({ state: "PENDING" });
  await expect(add(1)).rejects.toThrow("duplicate key");
  expect(await core.sql(`SELECT FROM "Job" WHERE payload ->> 'text' = 'lifted 1'`, [])).toHaveLength(1);
  expect([pool.totalCount, pool.idleCount]).toEqual([1, 1]);
});
