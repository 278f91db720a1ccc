import type { JobRow } from "./ledger/read.ts";

/** Where a job is in its life. More exact than its state, which only says who acts next. */
export type Phase =
  | "scheduled" // waits for its time
  | "committed" // waits for the relay
  | "queued" // the broker has it, and delivers it when a worker is free
  | "running"
  | "again" // the broker has it, and waits for the time of the next attempt
  | "children" // waits for its children
  | "turn" // waits for the jobs before it in its ordering key
  | "done"
  | "dead" // in the dead letter
  | "cancelled";

type Phased = Pick<JobRow, "state" | "readyAt" | "startedAt" | "orderKey" | "history">;

/** The phase of a job at a time, in milliseconds, that PostgreSQL's clock shows. The same as `PHASE`. */
export const phaseOf = ({ state, readyAt, startedAt, orderKey, history }: Phased, now: number): Phase => {
  if (state === "WAITING") return orderKey === null ? "children" : "turn";
  if (state !== "PENDING" && state !== "PUBLISHED") return ENDED[state];
  // A worker can be faster than the relay, which then has not recorded yet that the broker has the job.
  if (startedAt !== null) return "running";
  const { outcome, retryAt } = history.at(-1) ?? {};
  if (outcome === "retry" && retryAt && Date.parse(retryAt) > now) return "again";
  if (state === "PUBLISHED") return "queued";
  return readyAt.getTime() > now ? "scheduled" : "committed";
};

const ENDED = { COMPLETED: "done", FAILED: "dead", CANCELLED: "cancelled" } as const;

/** SQL: the phase of the job `j` now. */
export const PHASE = `CASE
  WHEN j.state = 'WAITING' THEN CASE WHEN j."orderKey" IS NULL THEN 'children' ELSE 'turn' END
  WHEN j.state = 'COMPLETED' THEN 'done'
  WHEN j.state = 'FAILED' THEN 'dead'
  WHEN j.state = 'CANCELLED' THEN 'cancelled'
  WHEN j."startedAt" IS NOT NULL THEN 'running'
  WHEN j.history -> -1 ->> 'outcome' = 'retry' AND (j.history -> -1 ->> 'retryAt')::timestamptz > now() THEN 'again'
  WHEN j.state = 'PUBLISHED' THEN 'queued'
  WHEN j."readyAt" > now() THEN 'scheduled'
  ELSE 'committed' END`;
