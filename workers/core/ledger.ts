import { v7 as uuidv7 } from "uuid";
import type { z } from "zod";
import type { EnqueueOptions, IfItFails, Job } from "./job.ts";

/** Runs one PostgreSQL statement and resolves with its rows: all that core asks of a database client. */
export type Sql = <Row extends object>(text: string, values: readonly unknown[]) => Promise<Row[]>;

/** One delivery of a job: only the newest epoch may finish it. */
export interface Delivery {
  id: string;
  epoch: number;
}

/** A job that the relay holds for a while and must hand to the broker. */
export interface DueJob extends Delivery {
  name: string;
  priority: number;
}

/** A job's place in its flow. */
export interface Place {
  id: string;
  rootId: string;
  parentId: string | null;
  ifItFails: IfItFails | null;
  state: "WAITING" | "PENDING";
}

/** A job whose run begins. */
export interface StartedJob extends Delivery {
  /** The job that waits for this one. */
  parentId: string | null;
  payload: unknown;
  /** Failed attempts so far. */
  attempt: number;
  /** Starts so far whose process died. */
  crashes: number;
}

/** A run that did what its job asked for. */
export interface Completion extends Delivery {
  /** JSON, see `toJson`. */
  result: string;
}

/** How a run ended that did not complete its job. */
export interface Setback extends Delivery {
  outcome: "retry" | "failed" | "yielded";
  error: string | null;
  /** Milliseconds until the broker delivers it again. */
  delay: number;
}

/**
 * Seconds: how long a relay may hold a job, how long the sweep leaves a published one alone, and how long one whose next
 * attempt is due. The latter is short, because a broker that was emptied meanwhile did not note the retry.
 */
const LEASE = 15;
const TRUST = 60;
const RETRY_TRUST = 5;

/** Seconds of silence after which a worker process counts as dead. */
const DEAD_AFTER = 10;

/** SQL: whether a living worker runs the job `j`. It will end that run, whatever happens to the broker meanwhile. */
export const RUNNING = `EXISTS (SELECT FROM "JobWorker" w WHERE w.id = j."startedBy"
  AND w."seenAt" > now() - interval '${DEAD_AFTER} seconds')`;

/** SQL: whether the job `j` must wait for a child: a failed one without which it cannot start counts too. */
export const HAS_OPEN_CHILDREN = `EXISTS (SELECT FROM "Job" c WHERE c."parentId" = j.id
  AND c.state <> 'COMPLETED' AND (c.state <> 'FAILED' OR c."ifItFails" = 'fail-parent'))`;

/** Publish attempts after which a row that the reachable broker refuses is parked in the dead letter. */
const PUBLISH_TRIES = 10;

/**
 * JSON as PostgreSQL's jsonb takes it: without NUL and lone surrogates, which JavaScript's strings may hold.
 * @throws TypeError when JSON cannot carry the value
 */
export const toJson = (value: unknown): string =>
  JSON.stringify(value ?? null, (_key, entry: unknown) =>
    typeof entry === "string" ? entry.replaceAll("\u0000", "").toWellFormed() : entry,
  );

// For statements that a crash of PostgreSQL may undo, because they are done again: their commit need not wait for the
// disk. Listed in FROM, it is evaluated once, for the statement's own transaction alone.
const UNHURRIED = `(SELECT set_config('synchronous_commit', 'off', true)) unhurried`;

const deliveries = (items: readonly Delivery[]): [string[], number[]] => [
  items.map(({ id }) => id),
  items.map(({ epoch }) => epoch),
];

const insertion = (
  columns: string,
  values: string,
) => `INSERT INTO "Job" (id, name, payload, key, priority, "dueAt"${columns})
  VALUES ($1::uuid, $2, $3::jsonb, $4, $5::int, now() + $6::int8 * interval '1 millisecond'${values})
  ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING
  RETURNING id`;
const INSERT = insertion("", "");
const INSERT_NODE = insertion(
  `, "rootId", "parentId", "ifItFails", state`,
  `, $7::uuid, $8::uuid, $9, $10::"JobState"`,
);

/**
 * Checks a job and returns its insertion: in the caller's transaction when `sql` is that transaction's.
 * The insertion resolves with the id of the new row, or of the row that has the same idempotency key.
 * @throws ZodError when the payload does not fit the job's schema
 */
export const prepareJob = <Schema extends z.ZodType>(
  job: Job<Schema>,
  payload: z.input<Schema>,
  { delay = 0, priority }: EnqueueOptions = {},
): ((sql: Sql, place?: Place) => Promise<string>) => {
  const parsed = job.payload.parse(payload);
  const key = job.key?.(parsed) ?? null;
  const own = typeof job.priority === "function" ? job.priority(parsed) : job.priority;
  const json = toJson(payload);
  return async (sql, place) => {
    const columns = [place?.id ?? uuidv7(), job.name, json, key, priority ?? own, delay];
    const [row] = await (place
      ? sql<{ id: string }>(INSERT_NODE, [
          ...columns,
          place.rootId,
          place.parentId,
          place.ifItFails,
          place.state,
        ])
      : sql<{ id: string }>(INSERT, columns));
    if (row) return row.id;
    const [existing] = await sql<{ id: string }>(`SELECT id FROM "Job" WHERE key = $1`, [key]);
    if (!existing) throw new Error(`a job with this idempotency key was removed meanwhile: try again`);
    return existing.id;
  };
};

/** Checks and inserts a job in one go, see `prepareJob`. */
export const insertJob = async <Schema extends z.ZodType>(
  sql: Sql,
  job: Job<Schema>,
  payload: z.input<Schema>,
  options?: EnqueueOptions,
): Promise<string> => prepareJob(job, payload, options)(sql);

/** Takes due jobs for the length of a lease. Any number of relays may call it at once: none gets the same row. */
export const claimDue = (sql: Sql, most: number): Promise<DueJob[]> =>
  sql(
    `UPDATE "Job" SET "dueAt" = now() + interval '${LEASE} seconds' FROM ${UNHURRIED}
     WHERE id IN (SELECT id FROM "Job" WHERE state = 'PENDING' AND "dueAt" <= now()
                  ORDER BY "dueAt" LIMIT $1::int FOR UPDATE SKIP LOCKED)
     RETURNING id, epoch, name, priority`,
    [most],
  );

/** Records that the broker has these jobs. One that a worker finished already stays finished. */
export const markPublished = (sql: Sql, jobs: readonly Delivery[]): Promise<unknown> =>
  sql(
    `UPDATE "Job" j SET state = 'PUBLISHED', "publishedAt" = now(), "publishTries" = 0,
            "dueAt" = now() + interval '${TRUST} seconds'
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch), ${UNHURRIED}
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state = 'PENDING'`,
    deliveries(jobs),
  );

/** Gives claimed jobs back after the broker was out of reach. They are due again in a second. */
export const releaseClaims = (sql: Sql, jobs: readonly Delivery[]): Promise<unknown> =>
  sql(
    `UPDATE "Job" j SET "dueAt" = now() + interval '1 second'
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch)
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state = 'PENDING'`,
    deliveries(jobs),
  );

/** Records that the broker, though reachable, refused this job; at the tenth time the job is parked as failed. */
export const refusePublish = (sql: Sql, job: Delivery, error: string): Promise<unknown> =>
  sql(
    `UPDATE "Job" SET "publishTries" = "publishTries" + 1, "dueAt" = now() + interval '1 second', error = $3,
            state = CASE WHEN "publishTries" + 1 >= ${PUBLISH_TRIES} THEN 'FAILED' ELSE state END,
            "finishedAt" = CASE WHEN "publishTries" + 1 >= ${PUBLISH_TRIES} THEN now() END
     WHERE id = $1::uuid AND epoch = $2::int AND state = 'PENDING'`,
    [job.id, job.epoch, error],
  );

/** Whether a living worker runs the job already. */
export const isRunning = async (sql: Sql, { id, epoch }: Delivery): Promise<boolean> => {
  const text = `SELECT id FROM "Job" j WHERE id = $1::uuid AND epoch = $2::int
    AND state IN ('PENDING', 'PUBLISHED') AND ${RUNNING}`;
  return (await sql(text, [id, epoch])).length > 0;
};

/**
 * Records the start of runs and loads what they need. A job that is finished, cancelled or published again is left
 * out. A start that finds an earlier one of another process without an end counts it as a crash.
 */
export const startJobs = (sql: Sql, items: readonly Delivery[], worker: string): Promise<StartedJob[]> =>
  sql(
    `UPDATE "Job" j SET "startedAt" = now(), "startedBy" = $3,
            crashes = j.crashes + CASE WHEN j."startedAt" IS NULL OR j."startedBy" = $3 THEN 0 ELSE 1 END,
            history = CASE WHEN j."startedAt" IS NULL OR j."startedBy" = $3 THEN j.history ELSE j.history || jsonb_build_object(
              'startedAt', j."startedAt", 'endedAt', now(), 'by', j."startedBy", 'outcome', 'crashed') END
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch), ${UNHURRIED}
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state IN ('PENDING', 'PUBLISHED')
     RETURNING j.id, j.epoch, j.payload, j.attempt, j.crashes, j."parentId"`,
    [...deliveries(items), worker],
  );

/** Completes jobs, each at most once: resolves with those whose delivery was still the one to finish them. */
export const completeJobs = (sql: Sql, items: readonly Completion[]): Promise<Delivery[]> =>
  sql(
    `UPDATE "Job" j SET state = 'COMPLETED', "finishedAt" = now(), result = t.result, error = NULL
     FROM unnest($1::uuid[], $2::int[], $3::jsonb[]) t (id, epoch, result)
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state IN ('PENDING', 'PUBLISHED')
     RETURNING j.id, j.epoch`,
    [...deliveries(items), items.map(({ result }) => result)],
  );

/** Of the runs that a worker began, those that are its own still: not ended, and not begun anew by another worker. */
export const stillRunBy = (sql: Sql, items: readonly Delivery[], worker: string): Promise<Delivery[]> =>
  sql(
    `SELECT j.id, j.epoch FROM "Job" j JOIN unnest($1::uuid[], $2::int[]) t (id, epoch) USING (id, epoch)
     WHERE j."startedBy" = $3 AND j.state IN ('PENDING', 'PUBLISHED')`,
    [...deliveries(items), worker],
  );

/** Records runs of a worker that ended otherwise. Resolves with those that were still its own to end. */
export const setBackJobs = (sql: Sql, items: readonly Setback[], worker: string): Promise<Delivery[]> =>
  sql(
    `UPDATE "Job" j SET
            state = CASE t.outcome WHEN 'failed' THEN 'FAILED' ELSE j.state END,
            "finishedAt" = CASE t.outcome WHEN 'failed' THEN now() END,
            "dueAt" = now() + CASE t.outcome WHEN 'yielded' THEN interval '0' ELSE interval '${RETRY_TRUST} seconds' END
                      + t.delay * interval '1 millisecond',
            attempt = j.attempt + CASE t.outcome WHEN 'yielded' THEN 0 ELSE 1 END,
            history = CASE t.outcome WHEN 'yielded' THEN j.history ELSE j.history || jsonb_build_object(
              'startedAt', j."startedAt", 'endedAt', now(), 'by', j."startedBy",
              'outcome', t.outcome, 'error', t.error) END,
            error = COALESCE(t.error, j.error), "startedAt" = NULL, "startedBy" = NULL
     FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::int8[]) t (id, epoch, outcome, error, delay)
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state IN ('PENDING', 'PUBLISHED') AND j."startedBy" = $6
     RETURNING j.id, j.epoch`,
    [
      ...deliveries(items),
      items.map(({ outcome }) => outcome),
      items.map(({ error }) => error),
      items.map(({ delay }) => delay),
      worker,
    ],
  );

/** Shows how far a run is. */
export const recordProgress = (sql: Sql, { id, epoch }: Delivery, progress: unknown): Promise<unknown> =>
  sql(`UPDATE "Job" SET progress = $3::jsonb WHERE id = $1::uuid AND epoch = $2::int`, [
    id,
    epoch,
    toJson(progress),
  ]);

/**
 * Takes failed jobs out of the dead letter: each runs again from its first attempt, once. In a flow, with it go the
 * parents that failed with it, and the children without which those cannot start. Resolves with all their ids.
 */
export const replayJobs = (sql: Sql, ids: readonly string[]): Promise<{ id: string }[]> =>
  sql(
    `WITH RECURSIVE up AS (
       SELECT id, "parentId", "ifItFails" FROM "Job" WHERE id = ANY ($1::uuid[]) AND state = 'FAILED'
       UNION SELECT p.id, p."parentId", p."ifItFails" FROM up JOIN "Job" p ON p.id = up."parentId"
       WHERE up."ifItFails" = 'fail-parent' AND p.state = 'FAILED'
     ), failed AS (
       SELECT id FROM up
       UNION SELECT c.id FROM failed JOIN "Job" c ON c."parentId" = failed.id
       WHERE c."ifItFails" = 'fail-parent' AND c.state = 'FAILED'
     )
     UPDATE "Job" j SET state = (CASE WHEN ${HAS_OPEN_CHILDREN} THEN 'WAITING' ELSE 'PENDING' END)::"JobState",
            epoch = epoch + 1, "dueAt" = now(), attempt = 0, crashes = 0, "publishTries" = 0, "finishedAt" = NULL,
            error = NULL
     FROM failed WHERE j.id = failed.id AND j.state = 'FAILED'
     RETURNING j.id`,
    [ids],
  );

/** Cancels jobs that never started, and whole flows by their roots. Resolves with the ids of those it was not too late for. */
export const cancelJobs = (sql: Sql, ids: readonly string[]): Promise<{ id: string }[]> =>
  sql(
    `UPDATE "Job" SET state = 'CANCELLED', "finishedAt" = now()
     WHERE (id = ANY ($1::uuid[]) AND "parentId" IS NULL
            OR "rootId" IN (SELECT id FROM "Job" WHERE id = ANY ($1::uuid[]) AND state = 'WAITING'))
       AND state IN ('WAITING', 'PENDING', 'PUBLISHED') AND "startedAt" IS NULL AND attempt = 0
     RETURNING id`,
    [ids],
  );
