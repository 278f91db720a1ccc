import { CLIPPED } from "./job-view.ts";

/** Jobs that are counted in each state. */
export const COUNTED = 10_000;
/** Jobs that are shown of each name and phase, and of all. */
const SAMPLE = 12;
const SAMPLES = 300;
/** The newest jobs of all, and of the dead letter, that are shown. */
const NEWEST = 60;
const DEAD = 50;
/** Jobs that are shown because they belong to a followed one. */
const FAMILY = 400;
/** Dead jobs that are grouped by their error, and the groups that are shown. */
const GROUPED = 1_000;
const GROUPS = 20;

/**
 * PHASE of an open job, for tens of thousands at a time. Core writes a retry's time to `readyAt` too, and reading that
 * takes a fifth of the time of reading the history.
 */
const OPEN_PHASE = `CASE
  WHEN j.state = 'WAITING' THEN CASE WHEN j."orderKey" IS NULL THEN 'children' ELSE 'turn' END
  WHEN j."startedAt" IS NOT NULL THEN 'running'
  WHEN j."readyAt" > now() AND j.history -> -1 ->> 'outcome' = 'retry' THEN 'again'
  WHEN j.state = 'PUBLISHED' THEN 'queued'
  WHEN j."readyAt" > now() THEN 'scheduled'
  ELSE 'committed' END`;

const part = (name: string, condition: string, order: string) =>
  `(SELECT j.id, j.name, j."batchId", ${OPEN_PHASE} AS phase, '${name}' AS part FROM "Job" j
    WHERE ${condition} ORDER BY ${order} LIMIT ${COUNTED + 1})`;

/** Each part has an index of its own. */
const OPEN = [
  part("pending", `state = 'PENDING' AND "batchId" IS NULL`, `"dueAt"`),
  part("batched", `state = 'PENDING' AND "batchId" IS NOT NULL`, "name, id"),
  part("published", `state = 'PUBLISHED'`, `"dueAt"`),
  part("waiting", `state = 'WAITING'`, `"dueAt"`),
].join(" UNION ALL ");

const json = (select: string) => `(SELECT coalesce(json_agg(row), '[]') FROM (${select}) row)`;

/**
 * Where a job is among those that are chosen to be shown: the last two bytes of its id, which are random. So every
 * process chooses the same jobs, and a chosen job is chosen in all of its phases.
 */
const RANK = `(get_byte(uuid_send(o.id), 14) * 256 + get_byte(uuid_send(o.id), 15))`;

/** Twice the sample is expected to have a rank below this. Only these are sorted, not all that are open. */
const LIKELY = 2 * SAMPLE * 65_536;

/**
 * Jobs, their trees, what was enqueued by one of these, and so on. A tree is found from its root alone: each of its
 * other jobs looks for the root only.
 */
export const FAMILY_OF = (jobs: string): string => `family (id, "rootId") AS (
  SELECT id, "rootId" FROM "Job" WHERE ${jobs}
  UNION
  SELECT j.id, j."rootId" FROM family f, LATERAL (
    SELECT id, "rootId" FROM "Job" WHERE id = f."rootId" AND id <> f.id
    UNION ALL SELECT id, "rootId" FROM "Job" WHERE "rootId" = f.id
    UNION ALL SELECT id, "rootId" FROM "Job" WHERE "causeId" = f.id) j)`;

/**
 * SQL: whether a transaction has written a row that a snapshot did not see. Its id is at least that
 * snapshot's xmin: all below had ended. A row has 32 bits of the id, a snapshot 64, so they are compared modulo 2^32;
 * a row that is older than 2^31 transactions may count as changed.
 */
export const isUnseen = (xmin: string, snapshot: string): string =>
  `(${xmin}::text::bigint - pg_snapshot_xmin(${snapshot}::text::pg_snapshot)::text::bigint) & 4294967295 < 2147483648`;

/** Whether time has changed the phase of the row `j` since the read before. */
const IS_DUE = `j.state IN ('PENDING', 'PUBLISHED') AND j."startedAt" IS NULL
  AND j."readyAt" > $4::timestamptz AND j."readyAt" <= now()`;

/** Whether the row `j` may have open children, whose ends do not change it. */
const COUNTS_CHILDREN = `j."rootId" IS NOT NULL AND j.state IN ('WAITING', 'FAILED', 'CANCELLED')`;

const JOBS = `SELECT c.why, ${CLIPPED} FROM candidates c JOIN "Job" j USING (id)
  WHERE NOT c.known OR ${isUnseen("j.xmin", "$3")} OR ${IS_DUE} OR ${COUNTS_CHILDREN}`;

const BATCHES = `SELECT b.id, b.name, b."createdAt", b.total, counted.* FROM (
    SELECT * FROM "JobBatch" WHERE "createdAt" > now() - interval '1 hour' ORDER BY id DESC LIMIT 8) b,
  LATERAL (SELECT (count(*) FILTER (WHERE state IN ('WAITING', 'PENDING', 'PUBLISHED')))::int AS open,
                  (count(*) FILTER (WHERE state = 'FAILED'))::int AS dead, b.total - count(*)::int AS done
    FROM "Job" WHERE "batchId" = b.id AND state <> 'COMPLETED') counted`;

const SCHEDULES = `SELECT s.id, s.name, s.job, s.cadence, s.minutes, s.hour, s.minute, s.weekday, s."dayOfMonth", s.zone,
    s."nextRunAt", s.paused, s."userId",
    (SELECT j.id FROM "Job" j WHERE j.name = s.job AND j.key = 'schedule:' || s.id || ':' || s."lastSlot") AS "lastJobId"
  FROM "Schedule" s WHERE NOT s.paused ORDER BY s."nextRunAt" LIMIT 12`;

const WORKERS = `SELECT id, "startedAt", "seenAt", "seenAt" > now() - interval '10 seconds' AS alive, about
  FROM "JobWorker" ORDER BY "startedAt", id LIMIT 100`;

const KINDS = `SELECT name, kind, error, count(*)::int AS count FROM (
    SELECT name, history -> -1 ->> 'kind' AS kind, left(split_part(error, E'\\n', 1), 120) AS error
    FROM "Job" WHERE state = 'FAILED' ORDER BY "finishedAt" DESC LIMIT ${GROUPED}) newest
  GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT ${GROUPS}`;

const DEAD_COUNTS = `SELECT name, count(*)::int AS n FROM (
    SELECT name FROM "Job" WHERE state = 'FAILED' ORDER BY "finishedAt" DESC LIMIT ${COUNTED + 1}) newest
  GROUP BY name`;

/**
 * $1 the shown ids, $2 the followed ids, $3 the snapshot of the read before, $4 its time, $5 whether to read only if
 * something has changed. Nothing has, if the snapshot is still the same. Of candidates, `why` is a sum of WHY.
 */
export const LEDGER = `WITH RECURSIVE open AS MATERIALIZED (${OPEN}),
  groups AS MATERIALIZED (SELECT name, phase, part, count(*)::int AS n FROM open GROUP BY name, phase, part),
  sizes AS (SELECT name, phase, sum(n) AS n FROM groups GROUP BY name, phase),
  sampled AS (
    SELECT id FROM (
      SELECT o.id, row_number() OVER (PARTITION BY o.name, o.phase ORDER BY ${RANK}, o.id) AS place
      FROM open o JOIN sizes s USING (name, phase) WHERE s.n <= 100 OR ${RANK} * s.n < ${LIKELY}) ranked
    WHERE place <= ${SAMPLE} ORDER BY place, id LIMIT ${SAMPLES}),
  ${FAMILY_OF("id = ANY ($2::uuid[])")},
  candidates AS MATERIALIZED (
    SELECT id, sum(why)::int AS why, bool_or(known) AS known FROM (
      SELECT id, 1 AS why, false AS known FROM sampled
      UNION ALL (SELECT id, 2, false FROM "Job" ORDER BY id DESC LIMIT ${NEWEST})
      UNION ALL (SELECT id, 4, false FROM "Job" WHERE state = 'FAILED' ORDER BY "finishedAt" DESC LIMIT ${DEAD})
      UNION ALL (SELECT id, 8, false FROM family LIMIT ${FAMILY})
      UNION ALL SELECT id, 0, true FROM unnest($1::uuid[]) id) each
    GROUP BY id)
  SELECT json_build_object('at', now(), 'snapshot', pg_current_snapshot(), 'content',
    CASE WHEN $5::boolean AND pg_current_snapshot()::text = $3::text THEN NULL ELSE json_build_object(
      'groups', ${json("SELECT * FROM groups")},
      'dead', ${json(DEAD_COUNTS)},
      'kinds', ${json(KINDS)},
      'workers', ${json(WORKERS)},
      'batches', ${json(BATCHES)},
      'schedules', ${json(SCHEDULES)},
      'reasons', (SELECT coalesce(json_agg(CASE WHEN j.id IS NOT NULL THEN c.why END ORDER BY s.place), '[]')
        FROM unnest($1::uuid[]) WITH ORDINALITY s (id, place)
        JOIN candidates c USING (id) LEFT JOIN "Job" j USING (id)),
      'jobs', ${json(JOBS)}) END) AS reading`;
