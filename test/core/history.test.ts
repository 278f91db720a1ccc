import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { defineJob, PHASE, phaseOf, replayJobs, type HistoryEntry } from "../../workers/core/index.ts";
import { publishAgain } from "../../workers/core/ledger/recovery.ts";
import {
  completeJobs,
  recordOutcomes,
  recordProgress,
  startJobs,
  type RunOutcome,
} from "../../workers/core/ledger/runs.ts";
import type { Delivery, Sql } from "../../workers/core/ledger/sql.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { insertJob } from "../support/core/insert-job.ts";

const note = defineJob({ name: "note", payload: z.object({}) });

// The statements themselves, without a relay and workers: what the system makes of them is tested with the system.
let core: Core;
beforeAll(async () => {
  core = await createCore();
});
afterAll(() => core[Symbol.asyncDispose]());

const insertPublished = async (): Promise<Delivery> => {
  const id = await insertJob(core.sql, note, {});
  await core.sql(`UPDATE "Job" SET state = 'PUBLISHED', "publishedAt" = now() WHERE id = $1::uuid`, [id]);
  return { id, epoch: 1 };
};

const start = async (job: Delivery, worker = "w1") => {
  const [started] = await startJobs(core.sql, [job], worker);
  return started;
};
const ended = async (job: Delivery, outcome: Partial<RunOutcome>, worker = "w1") => {
  await start(job, worker);
  const rest = { outcome: "retry", kind: "ours", error: "Error: no", delay: 60_000 } as const;
  expect(await recordOutcomes(core.sql, [{ ...job, ...rest, ...outcome }], worker)).toHaveLength(1);
};
const released = { outcome: "released", kind: "released", error: null, delay: 0 } as const;
const limited = { outcome: "released", kind: "rate-limited", error: "slow down", delay: 5_000 } as const;

const historyOf = async ({ id }: Delivery) => (await core.row(id)).history as HistoryEntry[];
const at = (text: string | null | undefined) => Date.parse(text ?? "");

test("a run that is given back is an entry, and costs no attempt", async () => {
  const job = await insertPublished();
  await ended(job, released);
  const [entry, ...more] = await historyOf(job);
  expect(entry).toMatchObject({
    outcome: "released",
    kind: "released",
    by: "w1",
    error: null,
    retryAt: null,
  });
  expect(at(entry?.startedAt)).toBeLessThanOrEqual(at(entry?.endedAt));
  expect(entry).not.toHaveProperty("count");
  expect(more).toEqual([]);
  expect(await core.row(job.id)).toMatchObject({ attempt: 0, startedAt: null });
});

test("limited runs in a row are one entry, which says how many and until when", async () => {
  const job = await insertPublished();
  await ended(job, limited);
  const [first] = await historyOf(job);
  await ended(job, { ...limited, error: "slow down more", delay: 9_000 }, "w2");
  await ended(job, { ...limited, error: "slow down more", delay: 9_000 }, "w2");
  const entries = await historyOf(job);
  expect(entries).toMatchObject([
    { outcome: "limited", kind: "rate-limited", by: "w2", error: "slow down more", count: 3 },
  ]);
  expect(entries[0]?.startedAt).toBe(first?.startedAt);
  expect(at(entries[0]?.endedAt)).toBeGreaterThan(at(first?.endedAt));
  expect(at(entries[0]?.retryAt) - at(entries[0]?.endedAt)).toBe(9_000);
});

test("only equal neighbours are merged, and attempts never are", async () => {
  const job = await insertPublished();
  for (const each of [limited, limited, released, released, {}, {}, limited]) await ended(job, each);
  expect((await historyOf(job)).map(({ outcome, count }) => [outcome, count])).toEqual([
    ["limited", 2],
    ["released", 2],
    ["retry", undefined],
    ["retry", undefined],
    ["limited", undefined],
  ]);
  expect(await core.row(job.id)).toMatchObject({ attempt: 2, error: "slow down" });
});

test("a job keeps its newest 50 entries", async () => {
  const job = await insertPublished();
  for (let n = 1; n <= 52; n += 1) await ended(job, { error: `Error: ${n}`, delay: 0 });
  expect((await historyOf(job)).map(({ error }) => error)).toEqual(
    Array.from({ length: 50 }, (_, index) => `Error: ${index + 3}`),
  );
});

test("a job that the broker lost has an entry without a run, and is ready now", async () => {
  const job = await insertPublished();
  await ended(job, {});
  expect(await publishAgain(core.sql, [job])).toMatchObject([{ id: job.id, crashedAfter: null }]);
  const entries = await historyOf(job);
  expect(entries).toMatchObject([{ outcome: "retry" }, { outcome: "lost", startedAt: null, by: null }]);
  const isReady = `SELECT "readyAt" = (history -> -1 ->> 'endedAt')::timestamptz(3) AS yes FROM "Job" WHERE id = $1::uuid`;
  expect(await core.sql(isReady, [job.id])).toEqual([{ yes: true }]);
  expect(await core.row(job.id)).toMatchObject({ state: "PENDING", epoch: 2, attempt: 1, crashes: 0 });
});

test("a crash is found by the next run and by the sweep, also after other entries", async () => {
  const job = await insertPublished();
  await ended(job, released);
  await start(job, "dead");
  expect((await start(job, "w2"))?.crashedAfter).toBeGreaterThan(0);
  // The same run again: no further crash.
  expect(await start(job, "w2")).toMatchObject({ crashes: 1, crashedAfter: null });
  expect(await publishAgain(core.sql, [job])).toMatchObject([{ crashedAfter: expect.any(Number) }]);
  expect(await historyOf(job)).toMatchObject([
    { outcome: "released", by: "w1" },
    { outcome: "crashed", by: "dead", startedAt: expect.any(String) },
    { outcome: "crashed", by: "w2", startedAt: expect.any(String) },
  ]);
});

test("a replay is an entry after the attempts before it", async () => {
  const job = await insertPublished();
  await ended(job, { outcome: "failed", kind: "permanent", error: "PermanentError: never" });
  expect(await replayJobs(core.sql, [job.id])).toEqual([{ id: job.id }]);
  expect(await historyOf(job)).toMatchObject([
    { outcome: "failed", error: "PermanentError: never" },
    { outcome: "replayed", startedAt: null, by: null },
  ]);
});

test("the start of a run and its progress change no index", async () => {
  await core.database.jobs.transaction(async (_tx, sql) => {
    const updates = await countUpdates(sql);
    const id = await insertJob(sql, note, {});
    await startJobs(sql, [{ id, epoch: 1 }], "w1");
    await recordProgress(sql, { id, epoch: 1 }, 0.5);
    expect(await updates()).toEqual({ all: 2, heapOnly: 2 });
    await completeJobs(sql, [{ id, epoch: 1, result: "null" }]);
    expect(await updates()).toEqual({ all: 3, heapOnly: 2 });
  });
});

/** Counts the updates of jobs in this transaction from now on. */
const countUpdates = async (sql: Sql) => {
  const read = async () =>
    (
      await sql<{ all: number; heapOnly: number }>(
        `SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS "heapOnly" FROM pg_stat_xact_user_tables
       WHERE relname = 'Job'`,
        [],
      )
    )[0]!;
  const before = await read();
  return async () => {
    const { all, heapOnly } = await read();
    return { all: all - before.all, heapOnly: heapOnly - before.heapOnly };
  };
};

const HOUR = 3_600_000;
const STATES = ["WAITING", "PENDING", "PUBLISHED", "COMPLETED", "FAILED", "CANCELLED"] as const;

test("the phase of any row is the same in JavaScript and in PostgreSQL", async () => {
  const now = Date.now();
  const entry = (outcome: HistoryEntry["outcome"], retryIn?: number): HistoryEntry => ({
    ...{ startedAt: null, endedAt: new Date(now).toISOString(), by: null, outcome },
    retryAt: retryIn === undefined ? null : new Date(now + retryIn).toISOString(),
  });
  const histories = [
    [],
    [entry("retry", HOUR)],
    [entry("retry", -HOUR)],
    [entry("retry", HOUR), entry("released")],
    [entry("retry", HOUR), entry("lost")],
    [entry("limited", HOUR)],
    [entry("crashed"), entry("retry", HOUR)],
  ];
  const rows = STATES.flatMap((state) =>
    [-HOUR, HOUR].flatMap((readyIn) =>
      [null, new Date(now)].flatMap((startedAt) =>
        [null, "key"].flatMap((orderKey) =>
          histories.map((history) => ({
            ...{ state, readyAt: new Date(now + readyIn), startedAt, orderKey, history },
          })),
        ),
      ),
    ),
  );
  const fromSql = await core.sql<{ phase: string }>(
    `SELECT ${PHASE} AS phase FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS
       (state text, "readyAt" timestamptz, "startedAt" timestamptz, "orderKey" text, history jsonb))
       WITH ORDINALITY j ORDER BY ordinality`,
    [JSON.stringify(rows)],
  );
  expect(fromSql.map(({ phase }) => phase)).toEqual(rows.map((row) => phaseOf(row, now)));
  expect(new Set(fromSql.map(({ phase }) => phase)).size).toBe(10);
});
