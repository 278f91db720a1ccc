import pg from "pg";
import { countFailures } from "../../infra/admin/failures.ts";
import { countOpen } from "../../infra/admin/open-jobs.ts";
import { countFailed } from "../../infra/admin/replays.ts";
import { searchJobs } from "../../infra/admin/search.ts";
import type { Sql } from "../../workers/core/index.ts";
import type { Findings, Measurement } from "./findings.ts";
import { median } from "./statistics.ts";

const ROWS = { full: 3_000_000, quick: 300_000 };
/** One of so many jobs has failed, over 30 days; the others completed, over 7. */
const FAILED = 20;
const TIMES = 9;
const DAY = 86_400_000;

const QUEUES = `'{email,image-resize,push-notify,report-generate,video-encode}'::text[]`;
const KINDS = `'{provider,permanent,timeout,ours}'::text[]`;

/** SQL: the UUIDv7 of the time `at`, with a random end. */
const UUID = `(lpad(to_hex((extract(epoch FROM at) * 1000)::int8), 12, '0') || '7' || substr(md5(n::text), 1, 3)
  || '8' || substr(md5(n::text), 4, 15))::uuid`;

/** A ledger as a system has it that does 430,000 jobs a day, with one of 20 in the dead letter. */
const fill = (sql: Sql, rows: number): Promise<unknown> =>
  sql(
    `INSERT INTO "Job" (id, name, payload, state, attempt, "createdAt", "publishedAt", "startedAt", "finishedAt", error, "errorKind", history)
     SELECT ${UUID}, name, jsonb_build_object('userId', md5((n % 50000)::text)::uuid),
            (CASE WHEN failed THEN 'FAILED' ELSE 'COMPLETED' END)::"JobState", failed::int, at, at, at, at + interval '1 second',
            CASE WHEN failed THEN 'ProviderError: the provider is unavailable' END, CASE WHEN failed THEN kind END,
            CASE WHEN failed THEN jsonb_build_array(jsonb_build_object('outcome', 'failed', 'kind', kind)) ELSE '[]' END
     FROM (SELECT n, n % ${FAILED} = 0 AS failed, (${QUEUES})[1 + n % 5] AS name, (${KINDS})[1 + n / ${FAILED} % 4] AS kind,
                  now() - (CASE WHEN n % ${FAILED} = 0 THEN 30 ELSE 7 END) * random() * interval '1 day' AS at
           FROM generate_series(1, $1::int) n) made
     ON CONFLICT DO NOTHING`,
    [rows],
  );

interface Timed {
  name: string;
  run(sql: Sql): Promise<unknown>;
}

const userId = "SELECT md5('7')::uuid::text AS id";
const page = { limit: 50 };
const threeDays = () => new Date(Date.now() - 3 * DAY);

const questions = (user: string): Timed[] => [
  {
    name: "failures of 3 days by hour",
    run: (sql) => countFailures(sql, { since: threeDays(), minutes: 60 }),
  },
  {
    name: "failures of 30 days by day",
    run: (sql) => countFailures(sql, { since: new Date(Date.now() - 30 * DAY), minutes: 1_440 }),
  },
  { name: "search: newest", run: (sql) => searchJobs(sql, {}, page) },
  { name: "search: a user", run: (sql) => searchJobs(sql, { userId: user }, page) },
  { name: "search: a queue", run: (sql) => searchJobs(sql, { name: "email" }, page) },
  { name: "search: a queue without jobs", run: (sql) => searchJobs(sql, { name: "account-delete" }, page) },
  {
    name: "search: cancelled, of which none are",
    run: (sql) => searchJobs(sql, { state: "CANCELLED" }, page),
  },
  { name: "search: failed", run: (sql) => searchJobs(sql, { state: "FAILED" }, page) },
  {
    name: "search: failed, queue and kind",
    run: (sql) => searchJobs(sql, { name: "email", kind: "timeout" }, page),
  },
  { name: "search: failed, a kind without jobs", run: (sql) => searchJobs(sql, { kind: "crashed" }, page) },
  { name: "search: waiting", run: (sql) => searchJobs(sql, { state: "PENDING" }, page) },
  {
    name: "search: a day, last week",
    run: (sql) => {
      const [since, until] = [6, 5].map((days) => new Date(Date.now() - days * DAY).toISOString());
      return searchJobs(sql, { name: "email", since, until }, page);
    },
  },
  { name: "count for a replay: a kind", run: (sql) => countFailed(sql, { kind: "provider" }) },
  { name: "count for a replay: a user", run: (sql) => countFailed(sql, { userId: user }) },
  { name: "open jobs by queue", run: (sql) => countOpen(sql) },
];

const time = async (work: () => Promise<unknown>): Promise<number> => {
  const times: number[] = [];
  for (let n = 0; n < TIMES; n++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return median(times);
};

/** What the admin asks of a ledger of 3,000,000 rows, next to a look-up by the primary key and a scan of the table. */
const measureAdmin: Measurement = async (servers, extent): Promise<Findings> => {
  await using database = await servers.createDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const sql: Sql = async (text, values) => (await client.query(text, [...values])).rows;
    await fill(sql, ROWS[extent]);
    await sql(`VACUUM ANALYZE "Job"`, []);
    const [counts] = await sql<{ all: number; failed: number }>(
      `SELECT count(*)::int AS all, (count(*) FILTER (WHERE state = 'FAILED'))::int AS failed FROM "Job"`,
      [],
    );
    const [user] = await sql<{ id: string }>(userId, []);
    const [any] = await sql<{ id: string }>(`SELECT id FROM "Job" LIMIT 1`, []);
    const timed: (readonly [string, number])[] = [];
    for (const { name, run } of questions(user?.id ?? "")) timed.push([name, await time(() => run(sql))]);
    const lookup = await time(() => sql(`SELECT * FROM "Job" WHERE id = $1::uuid`, [any?.id]));
    const scan = await time(() =>
      sql(
        `SELECT name, history -> -1 ->> 'kind', count(*) FROM "Job"
         WHERE "finishedAt" >= $1 AND state::text = 'FAILED' GROUP BY 1, 2`,
        [threeDays()],
      ),
    );
    const failures = timed[0]?.[1] ?? NaN;
    const slowest = Math.max(...timed.map(([, ms]) => ms));
    return {
      title: `admin: a ledger of ${counts?.all} jobs, ${counts?.failed} of them failed, median of ${TIMES}`,
      columns: ["question", "ms", "times a look-up by id"],
      rows: [
        ...timed,
        ["a look-up by id", lookup] as const,
        ["failures of 3 days without an index", scan] as const,
      ].map(([name, ms]) => [name, ms.toFixed(1), (ms / lookup).toFixed(0)]),
      figures: [
        { name: "admin_failures_3_days_ms", value: failures, target: { max: 200 } },
        { name: "admin_failures_ratio_to_scan", value: failures / scan },
        { name: "admin_slowest_ms", value: slowest },
      ],
    };
  } finally {
    await client.end();
  }
};

/** Measures the admin's questions. */
export const admin: readonly Measurement[] = [measureAdmin];
