/** Runs one PostgreSQL statement and resolves with its rows: all that core asks of a database client. */
export type Sql = <Row extends object>(text: string, values: readonly unknown[]) => Promise<Row[]>;

/** One delivery of a job: only the newest epoch may finish it. */
export interface Delivery {
  id: string;
  epoch: number;
}

/** The broker's id of a delivery. */
export const brokerIdOf = ({ id, epoch }: Delivery): string => `${id}-${epoch}`;

/** The delivery that the broker's id stands for; none where it is not one of ours. */
export const parseBrokerId = (brokerId = ""): Delivery | undefined => {
  const [, id, epoch] = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})-(\d{1,9})$/.exec(brokerId) ?? [];
  return id ? { id, epoch: Number(epoch) } : undefined;
};

/** Brings rows into the order of the items; an item without a row has `undefined`. */
export const inOrder = <Row extends Delivery>(
  items: readonly Delivery[],
  rows: readonly Row[],
): (Row | undefined)[] => {
  const found = new Map(rows.map((row) => [brokerIdOf(row), row]));
  return items.map((item) => found.get(brokerIdOf(item)));
};

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
  outcome: "retry" | "failed" | "released";
  error: string | null;
  /** Milliseconds until the broker delivers it again. */
  delay: number;
}

/** Seconds that the sweep leaves a job alone whose next attempt is due: a broker emptied meanwhile did not note the retry. */
const RETRY_TRUST = 5;

/** Seconds of silence after which a worker process counts as dead. */
const DEAD_AFTER = 10;

/** SQL: whether a living worker runs the job `j`. It will end that run, whatever happens to the broker meanwhile. */
export const RUNNING = `EXISTS (SELECT FROM "JobWorker" w WHERE w.id = j."startedBy"
  AND w."seenAt" > now() - interval '${DEAD_AFTER} seconds')`;

/** SQL: whether the job `j` must wait for a child: a failed one without which it cannot start counts too. */
export const HAS_OPEN_CHILDREN = `EXISTS (SELECT FROM "Job" c WHERE c."parentId" = j.id
  AND c.state <> 'COMPLETED' AND (c.state <> 'FAILED' OR c."onFailure" = 'fail-parent'))`;

/** SQL: the history of the job `j`, with a run that its process did not end. */
export const WITH_CRASH = `j.history || jsonb_build_object('startedAt', j."startedAt", 'endedAt', now(), 'by', j."startedBy",
              'outcome', 'crashed')`;

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
export const UNHURRIED = `(SELECT set_config('synchronous_commit', 'off', true)) unhurried`;

/** As parallel arrays, for `unnest`. */
export const deliveries = (items: readonly Delivery[]): [string[], number[]] => [
  items.map(({ id }) => id),
  items.map(({ epoch }) => epoch),
];

/** Whether a living worker runs the job already. */
export const isRunning = async (sql: Sql, { id, epoch }: Delivery): Promise<boolean> => {
  const text = `SELECT id FROM "Job" j WHERE id = $1::uuid AND epoch = $2::int
    AND state IN ('PENDING', 'PUBLISHED') AND ${RUNNING}`;
  return (await sql(text, [id, epoch])).length > 0;
};

/**
 * Records the start of runs and loads what they need. A job that is finished, cancelled, published again, or run by
 * another living worker is left out. A start that finds an earlier one of a dead worker without an end counts it as a
 * crash.
 */
export const startJobs = (sql: Sql, items: readonly Delivery[], worker: string): Promise<StartedJob[]> =>
  sql(
    `UPDATE "Job" j SET "startedAt" = now(), "startedBy" = $3,
            crashes = j.crashes + CASE WHEN j."startedAt" IS NULL OR j."startedBy" = $3 THEN 0 ELSE 1 END,
            history = CASE WHEN j."startedAt" IS NULL OR j."startedBy" = $3 THEN j.history ELSE ${WITH_CRASH} END
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch), ${UNHURRIED}
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state IN ('PENDING', 'PUBLISHED')
       AND (j."startedAt" IS NULL OR j."startedBy" = $3 OR NOT ${RUNNING})
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
            "dueAt" = now() + CASE t.outcome WHEN 'released' THEN interval '0' ELSE interval '${RETRY_TRUST} seconds' END
                      + t.delay * interval '1 millisecond',
            attempt = j.attempt + CASE t.outcome WHEN 'released' THEN 0 ELSE 1 END,
            history = CASE t.outcome WHEN 'released' THEN j.history ELSE j.history || jsonb_build_object(
              'startedAt', j."startedAt", 'endedAt', now(), 'by', j."startedBy", 'outcome', t.outcome, 'error', t.error,
              'retryAt', CASE t.outcome WHEN 'retry' THEN now() + t.delay * interval '1 millisecond' END) END,
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
  sql(
    `UPDATE "Job" SET progress = $3::jsonb WHERE id = $1::uuid AND epoch = $2::int AND state IN ('PENDING', 'PUBLISHED')`,
    [id, epoch, toJson(progress)],
  );
