import { PHASE, type JobRow, type Phase } from "../../workers/core/index.ts";

/** Characters of JSON, or of an error, that a job has on the stream. */
const CLIP = 300;
/** History entries that a job has on the stream. */
const ENTRIES = 8;

type Time = string | null;
type Entry = JobRow["history"][number];

/** A job as the page gets it. Times are ISO 8601 in UTC. */
export interface JobView extends Pick<
  JobRow,
  | "id"
  | "name"
  | "state"
  | "epoch"
  | "attempt"
  | "crashes"
  | "priority"
  | "publishTries"
  | "startedBy"
  | "progress"
  | "history"
  | "rootId"
  | "parentId"
  | "onFailure"
  | "batchId"
  | "orderKey"
  | "key"
  | "requestId"
  | "causeId"
  | "error"
> {
  phase: Phase;
  createdAt: Time;
  dueAt: Time;
  readyAt: Time;
  publishedAt: Time;
  startedAt: Time;
  finishedAt: Time;
  /** When the next attempt is due, if it waits for that. */
  retryAt: Time;
  /** JSON of more than 300 characters is `{ clipped }` on the stream. */
  payload: unknown;
  openChildren: number;
  children: number;
  /** History entries that are not in `history`. */
  earlier: number;
  result: unknown;
}

/** A job as PostgreSQL returns it in JSON. */
export type JobJson = Omit<JobView, "retryAt">;

const clip = (column: string) =>
  `CASE WHEN length(${column}::text) > ${CLIP} THEN jsonb_build_object('clipped', left(${column}::text, ${CLIP}))
   ELSE ${column} END`;

const PLAIN = [
  ...["id", "name", "state", "epoch", "attempt", "crashes", "priority", "publishTries", "createdAt", "dueAt"],
  ...["readyAt", "publishedAt", "startedAt", "startedBy", "finishedAt", "rootId", "parentId", "onFailure"],
  ...["batchId", "orderKey", "key", "requestId", "causeId"],
];

const OPEN = `('WAITING', 'PENDING', 'PUBLISHED')`;
const countChildren = (condition: string) =>
  `(SELECT count(*)::int FROM "Job" c WHERE c."parentId" = j.id ${condition})`;

const columns = (own: Record<string, string>) =>
  [
    `${PHASE} AS phase`,
    ...PLAIN.map((name) => `j."${name}"`),
    ...Object.entries(own).map(([name, expression]) => `${expression} AS "${name}"`),
    // A job that is in no flow has no children, and needs no look-up.
    `CASE WHEN j."rootId" IS NULL THEN 0 ELSE ${countChildren(`AND c.state IN ${OPEN}`)} END AS "openChildren"`,
    `CASE WHEN j."rootId" IS NULL THEN 0 ELSE ${countChildren("")} END AS children`,
  ].join(", ");

/** SQL: the columns of the job `j` for the stream. */
export const CLIPPED = columns({
  progress: clip("j.progress"),
  payload: clip("j.payload"),
  result: clip("j.result"),
  error: `left(j.error, ${CLIP})`,
  history: `CASE WHEN jsonb_array_length(j.history) > ${ENTRIES}
    THEN jsonb_path_query_array(j.history, '$[last - ${ENTRIES - 1} to last]') ELSE j.history END`,
  earlier: `greatest(0, jsonb_array_length(j.history) - ${ENTRIES})`,
});

/** SQL: the columns of the job `j`, nothing shortened. */
export const WHOLE = columns({
  ...{ progress: "j.progress", payload: "j.payload", result: "j.result", error: "j.error" },
  ...{ history: "j.history", earlier: "0" },
});

/** The view of a row that was selected as `CLIPPED`. */
export const clippedView = (job: JobJson): JobView => {
  const view = wholeView(job);
  return { ...view, history: view.history.map(clipError) };
};

/** The view of a row that was selected as `WHOLE`. */
export const wholeView = (job: JobJson): JobView => ({
  ...job,
  createdAt: toIso(job.createdAt),
  dueAt: toIso(job.dueAt),
  readyAt: toIso(job.readyAt),
  publishedAt: toIso(job.publishedAt),
  startedAt: toIso(job.startedAt),
  finishedAt: toIso(job.finishedAt),
  retryAt: job.phase === "again" ? toIso(job.history.at(-1)?.retryAt ?? null) : null,
  history: job.history.map(withIsoTimes),
});

const withIsoTimes = (entry: Entry): Entry => ({
  ...entry,
  startedAt: toIso(entry.startedAt),
  endedAt: new Date(entry.endedAt).toISOString(),
  ...(entry.retryAt && { retryAt: toIso(entry.retryAt) }),
});

const clipError = (entry: Entry): Entry =>
  entry.error ? { ...entry, error: entry.error.slice(0, CLIP) } : entry;

/** PostgreSQL's JSON has times with the offset of the session's zone. */
export const toIso = (time: Time): Time => (time === null ? null : new Date(time).toISOString());
