/** Rows that are read of each part of the open jobs, so that a statement's cost is bounded. */
const READ = 1_000_000;

const STATE = `CASE
  WHEN j.state = 'WAITING' THEN 'waiting'
  WHEN j."startedAt" IS NOT NULL THEN 'running'
  WHEN j.state = 'PUBLISHED' THEN CASE WHEN j.attempt > 0 THEN 'retrying' ELSE 'queued' END
  WHEN j."readyAt" > now() THEN 'scheduled'
  ELSE 'due' END`;

/** Of each part there is a partial index: the cost follows the open jobs, not the finished ones. */
const part = (condition: string) =>
  `(SELECT j.name, ${STATE} AS state, j."batchId" IS NULL AND j.state = 'PENDING' AS lags,
      j."startedAt" IS NULL AND j.state <> 'WAITING' AND j."readyAt" <= now() AS ready, j."readyAt"
    FROM "Job" j WHERE ${condition} LIMIT ${READ})`;

const OPEN = [
  part(`state = 'PENDING' AND "batchId" IS NULL`),
  part(`state = 'PENDING' AND "batchId" IS NOT NULL`),
  part(`state = 'PUBLISHED'`),
  part(`state = 'WAITING'`),
].join(" UNION ALL ");

const seconds = (since: string) => `greatest(0, extract(epoch FROM now() - ${since})::float8)`;
const list = (query: string) => `(SELECT coalesce(json_agg(row), '[]') FROM (${query}) row)`;

/** How long the oldest job of a group has been ready; null if none is. */
const ready = (which: string) => `${seconds(`min("readyAt") FILTER (WHERE ${which})`)}`;

/** What the ledger and the database say, in one statement and one snapshot. */
export const READING = `WITH open AS (
    SELECT name, state, count(*)::int AS jobs, count(*) FILTER (WHERE ready)::int AS ready,
           ${ready("ready")} AS age, ${ready("ready AND lags")} AS lag
    FROM (${OPEN}) each GROUP BY name, state)
  SELECT json_build_object(
    'open', ${list("SELECT * FROM open")},
    'dead', ${list(`SELECT name, count(*)::int AS jobs FROM (
      SELECT name FROM "Job" WHERE state = 'FAILED' ORDER BY "finishedAt" DESC LIMIT ${READ}) dead GROUP BY name`)},
    'workers', ${list(`SELECT about FROM "JobWorker" WHERE "seenAt" > now() - interval '10 seconds'`)},
    'paused', (SELECT coalesce(json_agg(name), '[]') FROM "JobPause"),
    'overdue', (SELECT ${seconds('min("nextRunAt")')} FROM "Schedule" WHERE NOT paused),
    'connections', ${list(`SELECT coalesce(state, 'other') AS state, count(*)::int FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY 1`)},
    'maxConnections', current_setting('max_connections')::int,
    'longestTransaction', (SELECT coalesce(max(${seconds("xact_start")}), 0) FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid())) AS reading`;

/** A reading as JSON. */
export interface Reading {
  open: {
    name: string;
    state: string;
    jobs: number;
    ready: number;
    age: number | null;
    lag: number | null;
  }[];
  dead: { name: string; jobs: number }[];
  workers: { about: { queues: Record<string, QueueOfWorker> } | null }[];
  /** The names of the queues. */
  paused: string[];
  /** Null without a schedule. */
  overdue: number | null;
  connections: { state: string; count: number }[];
  maxConnections: number;
  longestTransaction: number;
}

/** What a worker process reports of a queue. One of an older version leaves the last field out. */
export interface QueueOfWorker {
  slots: number;
  started: number;
  running: number;
  runMs?: number;
}
