/** Runs one PostgreSQL statement and resolves with its rows. This is all that core needs from a database client. */
export type Sql = <Row extends object>(text: string, values: readonly unknown[]) => Promise<Row[]>;

/** One publication of a job. Only the newest epoch can finish the job. */
export interface Delivery {
  id: string;
  epoch: number;
}

/** The broker's id of a delivery. */
export const brokerIdOf = ({ id, epoch }: Delivery): string => `${id}-${epoch}`;

/** The delivery that a broker's id stands for; undefined if the id is not one of ours. */
export const parseBrokerId = (brokerId = ""): Delivery | undefined => {
  const [, id, epoch] = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})-(\d{1,9})$/.exec(brokerId) ?? [];
  return id ? { id, epoch: Number(epoch) } : undefined;
};

/** Deliveries as parallel arrays, for `unnest`. */
export const asArrays = (items: readonly Delivery[]): [string[], number[]] => [
  items.map(({ id }) => id),
  items.map(({ epoch }) => epoch),
];

/** Puts rows in the order of the items; undefined for an item without a row. */
export const inOrder = <Row extends Delivery>(
  items: readonly Delivery[],
  rows: readonly Row[],
): (Row | undefined)[] => {
  const found = new Map(rows.map((row) => [row.id, row]));
  return items.map(({ id, epoch }) => {
    const row = found.get(id);
    return row?.epoch === epoch ? row : undefined;
  });
};

/**
 * JSON that jsonb accepts: without NUL and lone surrogates, which JavaScript strings may contain.
 * @throws TypeError when JSON cannot represent the value
 */
export const toJson = (value: unknown): string => {
  const json = JSON.stringify(value ?? null);
  // JSON.stringify escapes both. The replacer is slow, and hardly ever needed.
  if (!json?.includes("\\u")) return json;
  return JSON.stringify(value, (_key, entry: unknown) =>
    typeof entry === "string" ? entry.replaceAll("\u0000", "").toWellFormed() : entry,
  );
};

/** Seconds without a heartbeat after which a worker process counts as dead. */
const DEAD_AFTER = 10;

/** SQL: whether the worker process `w` is alive. */
export const LIVE = `w."seenAt" > now() - interval '${DEAD_AFTER} seconds'`;

/** SQL: whether a live worker process runs the job `j`. */
export const IS_RUNNING = `EXISTS (SELECT FROM "JobWorker" w WHERE w.id = j."startedBy" AND ${LIVE})`;

/**
 * SQL: whether a run of the job `j` that begins now has a trace of its own. The hour is longer than the
 * retries of most jobs take, and shorter than what is delayed for days or replayed after an outage.
 */
export const HAS_OWN_TRACE = `(j."batchId" IS NOT NULL OR j."createdAt" < now() - interval '1 hour')`;

/** SQL: whether the job `j` still waits for a child, or has a failed child that it requires. */
export const HAS_OPEN_CHILDREN = `EXISTS (SELECT FROM "Job" c WHERE c."parentId" = j.id
  AND c.state <> 'COMPLETED' AND (c.state <> 'FAILED' OR c."onFailure" = 'fail-parent'))`;

/**
 * SQL, for FROM: commits the statement without waiting for the disk. Only for statements that are repeated if a crash
 * of PostgreSQL undoes them. In FROM it is evaluated once, for the statement's own transaction.
 */
export const ASYNC_COMMIT = `(SELECT set_config('synchronous_commit', 'off', true)) async_commit`;
