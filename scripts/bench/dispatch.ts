import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { hashPassword } from "../../infra/passwords.ts";
import { freePort } from "../processes/ports.ts";
import { startProcess } from "../processes/project-process.ts";
import { ratioFigure, type Measurement } from "./findings.ts";
import type { Servers } from "./servers.ts";
import { median, percentile } from "./statistics.ts";

const SCHEDULES = { full: 100_000, quick: 10_000 };
/** Nights, each with a new database. */
const ROUNDS = { full: 3, quick: 1 };
/** Seconds for which the response times before the slot are measured, after the schedules are inserted. */
const BEFORE = { full: 30, quick: 10 };
/** Seconds that inserting the schedules may take. */
const INSERTING = { full: 30, quick: 10 };
/** Milliseconds between two requests, and between two looks at the locks. */
const INTERVAL = 20;

type Query = <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;

/** When a request began, and how long its response took, in milliseconds. */
interface Response {
  at: number;
  ms: number;
}

interface Night {
  /** Seconds from the slot until the first and the last job were enqueued. */
  first: number;
  last: number;
  /** Response times in milliseconds: before the slot, and between the first and the last job. */
  before: number[];
  during: number[];
  /** The longest time for which a transaction had schedules locked, in milliseconds. */
  longestLock: number;
}

/**
 * Schedules of as many users that are all due at the same time, as at midnight: an API, and a worker process that
 * dispatches them. No worker takes the jobs, so the relay publishes as many as may be in the broker at once. The broker
 * is the same PostgreSQL.
 */
const measureDispatch: Measurement = async (servers, extent) => {
  const nights: Night[] = [];
  while (nights.length < ROUNDS[extent]) nights.push(await measureNight(servers, extent));

  const row = (label: string, values: readonly number[]) => [
    label,
    `${values.length}`,
    ...[0.5, 0.9, 0.99].map((share) => percentile(values, share).toFixed(1)),
  ];
  const p99 = (values: readonly number[]) => percentile(values, 0.99);
  const ratio = ratioFigure(
    "dispatch_api_p99_ratio",
    nights.map(({ during }) => p99(during)),
    nights.map(({ before }) => p99(before)),
  );
  const seconds = nights.map(({ last }) => last);
  return {
    title:
      `${SCHEDULES[extent]} schedules due at once: enqueued between ${nights.map(describeTimes).join(", ")} s after it; ` +
      `milliseconds to the response of GET /v1/me`,
    columns: ["", "requests", "p50", "p90", "p99"],
    rows: nights.flatMap(({ before, during }, index) => [
      row(`before ${index + 1}`, before),
      row("while jobs are enqueued", during),
    ]),
    figures: [
      {
        name: "dispatch_100k_s",
        value: extent === "full" ? median(seconds) : NaN,
        range: [Math.min(...seconds), Math.max(...seconds)],
        target: { max: 60 },
      },
      { ...ratio, target: { max: 2 } },
      {
        name: "dispatch_longest_lock_ms",
        value: Math.max(...nights.map(({ longestLock }) => longestLock)),
        target: { max: 200 },
      },
    ],
  };
};

const describeTimes = ({ first, last }: Night): string => `${first.toFixed(1)} and ${last.toFixed(1)}`;

const measureNight = async (servers: Servers, extent: "full" | "quick"): Promise<Night> => {
  await using system = await startSystem(servers);
  const { query } = system;
  const midnight = await insertSchedules(query, SCHEDULES[extent], INSERTING[extent], BEFORE[extent]);

  const ended = new AbortController();
  const watching = watchLocks(query, ended.signal);
  const measuring = measureResponses(system.get, ended.signal);
  const jobs = await untilEnqueued(query, SCHEDULES[extent]);
  ended.abort();
  const [longestLock, responses] = [await watching, await measuring];

  const timesIn = (from: number, to: number) =>
    responses.filter(({ at }) => at >= from && at < to).map(({ ms }) => ms);
  return {
    first: (jobs.first - midnight) / 1_000,
    last: (jobs.last - midnight) / 1_000,
    before: timesIn(midnight - BEFORE[extent] * 1_000, midnight),
    during: timesIn(jobs.first, jobs.last),
    longestLock,
  };
};

const startSystem = async (servers: Servers) => {
  await using cleanups = new AsyncDisposableStack();
  const { url } = cleanups.use(await servers.createDatabase());
  const pool = cleanups.adopt(new pg.Pool({ connectionString: url, max: 3 }), (each) => each.end());
  const query: Query = async (text, values) => (await pool.query(text, values)).rows;
  const account = { email: "ada@example.com", password: "correct horse battery" };
  await query(
    `INSERT INTO "User" (id, email, name, "passwordHash", "verifiedAt") VALUES (gen_random_uuid(), $1, 'Ada', $2, now())`,
    [account.email, await hashPassword(account.password)],
  );
  const port = await freePort();
  const env = {
    DATABASE_URL: url,
    QUEUE_URL: url,
    PORT: `${port}`,
    THROTTLES: "false",
    WORKERS: "schedule-dispatch",
    LOG_LEVEL: "info",
  };
  await cleanups.use(startProcess("api/main.ts", env)).wrote("listening");
  await cleanups.use(startProcess("workers/main.ts", env)).wrote("working");
  const api = `http://127.0.0.1:${port}`;
  const headers = { "content-type": "application/json" };
  const login = await fetch(`${api}/v1/login`, { method: "POST", headers, body: JSON.stringify(account) });
  const cookie = login.headers
    .getSetCookie()
    .map((each) => each.split(";")[0])
    .join("; ");

  const owned = cleanups.move();
  return {
    query,
    get: async () => {
      const response = await fetch(`${api}/v1/me`, { headers: { cookie } });
      await response.arrayBuffer();
      if (response.status !== 200) throw new Error(`GET /v1/me responded with ${response.status}`);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** One user and one membership for each. Resolves with when they are due, in milliseconds since 1970. */
const insertSchedules = async (
  query: Query,
  count: number,
  inserting: number,
  before: number,
): Promise<number> => {
  await query(
    `INSERT INTO "User" (id, email, name, "passwordHash")
     SELECT gen_random_uuid(), n || '@bench.example', 'User', '-' FROM generate_series(1, $1::int) n`,
    [count],
  );
  await query(`INSERT INTO "Project" (id, name) VALUES (gen_random_uuid(), 'Bench')`);
  await query(
    `INSERT INTO "ProjectMember" ("projectId", "userId", role)
     SELECT p.id, u.id, 'MEMBER' FROM "Project" p, "User" u WHERE u.email LIKE '%@bench.example'`,
  );
  const midnight = Date.now() + (inserting + before) * 1_000;
  await query(
    `INSERT INTO "Schedule" (id, "userId", "projectId", job, payload, cadence, hour, minute, zone, "nextRunAt")
     SELECT gen_random_uuid(), "userId", "projectId", 'report-generate', '{}', 'DAILY',
            extract(hour FROM $1::timestamptz AT TIME ZONE 'UTC')::int,
            extract(minute FROM $1::timestamptz AT TIME ZONE 'UTC')::int, 'UTC', $1
     FROM "ProjectMember"`,
    [new Date(midnight)],
  );
  await query(`VACUUM ANALYZE`);
  if (Date.now() > midnight - before * 1_000) throw new Error("inserting the schedules took too long");
  return midnight;
};

const measureResponses = async (get: () => Promise<void>, signal: AbortSignal): Promise<Response[]> => {
  const responses: Response[] = [];
  while (!signal.aborted) {
    const interval = sleep(INTERVAL);
    const at = Date.now();
    const startedAt = performance.now();
    await get();
    responses.push({ at, ms: performance.now() - startedAt });
    await interval;
  }
  return responses;
};

/** The longest time for which a transaction that locks schedules was seen open, in milliseconds. */
const watchLocks = async (query: Query, signal: AbortSignal): Promise<number> => {
  let longest = 0;
  while (!signal.aborted) {
    const [row] = await query<{ ms: number | null }>(
      `SELECT max(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::float8 AS ms
       FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
       WHERE l.relation = '"Schedule"'::regclass AND l.mode = 'RowShareLock' AND a.pid <> pg_backend_pid()`,
    );
    longest = Math.max(longest, row?.ms ?? 0);
    await sleep(INTERVAL);
  }
  return longest;
};

/**
 * Waits until all jobs are enqueued. Resolves with when the first and the last were. What it asks meanwhile looks at
 * few rows: counting all jobs again and again would disturb what is measured.
 */
const untilEnqueued = async (query: Query, count: number): Promise<{ first: number; last: number }> => {
  const enqueued = `SELECT 1 FROM "JobBatch" HAVING sum(total) >= $1::int`;
  while ((await query(enqueued, [count])).length === 0) await sleep(1_000);
  const [row] = await query<{ first: Date; last: Date }>(
    `SELECT min("createdAt") AS first, max("createdAt") AS last FROM "Job" WHERE "batchId" IS NOT NULL`,
  );
  if (!row) throw new Error("no job was enqueued");
  return { first: row.first.getTime(), last: row.last.getTime() };
};

/** Measures a batch of recurring jobs that are due at the same time. */
export const schedules: readonly Measurement[] = [measureDispatch];
