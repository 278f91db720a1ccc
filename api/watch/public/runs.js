import { entriesOf, isOver } from "./life.js";
import { time } from "./words.js";

/**
 * The runs and waits of a job as parts in the order of time, without gaps: `{ kind, from, to, … }`. `kind` is `delay`,
 * `children`, `turn`, `wait`, `run`, `crash`, `backoff` or `earlier` (entries that the row no longer has).
 */
export const partsOf = (job, now) => {
  const parts = [];
  let since = time(job.createdAt);
  const add = (part, to) => {
    if (to > since) parts.push({ ...part, from: since, to });
    since = Math.max(since, to);
  };
  const waitUntil = (to, retryAt) => {
    if (retryAt !== undefined) add({ kind: "backoff" }, Math.min(retryAt, to));
    add({ kind: "wait" }, to);
  };
  addFirstWait(job, add, now);
  let retryAt;
  entriesOf(job).forEach((entry, index) => {
    if (index === 0 && job.earlier > 0)
      add({ kind: "earlier", entries: job.earlier }, time(entry.startedAt ?? entry.endedAt));
    const startedAt = time(entry.startedAt);
    waitUntil(startedAt ?? time(entry.endedAt), retryAt);
    // A job that has crashed too often is started once more only to be failed.
    const isRun = startedAt !== undefined && !(entry.outcome === "failed" && entry.kind === "crashed");
    add(isRun ? runOf(entry) : { kind: "wait" }, time(entry.endedAt));
    retryAt = time(entry.retryAt);
  });
  addPresent(job, { add, waitUntil, retryAt, now });
  return parts;
};

const addFirstWait = (job, add, now) => {
  const isFirst = !(job.history?.length > 0);
  const readyAt = isFirst ? time(job.readyAt) : undefined;
  const end = time(job.finishedAt) ?? now;
  if (isHeldBack(job)) add({ kind: firstWaitOf(job) }, end);
  else if (readyAt !== undefined)
    add({ kind: firstWaitOf(job) }, Math.min(readyAt, time(job.finishedAt) ?? readyAt));
};

/** Whether it waits, or ended while it waited, for other jobs. */
const isHeldBack = ({ state, publishedAt, startedAt, children }) =>
  state === "WAITING" || (children > 0 && !publishedAt && !startedAt && isOver({ state }));

const firstWaitOf = ({ children, orderKey }) => {
  if (children > 0) return "children";
  return orderKey ? "turn" : "delay";
};

const runOf = ({ outcome, attempt, crash, by, error, kind, count = 1 }) => ({
  kind: outcome === "crashed" ? "crash" : "run",
  ...{ outcome, by, error, cause: kind, crash, count },
  attempt: outcome === "retry" || outcome === "failed" ? attempt : attempt + 1,
});

const addPresent = (job, { add, waitUntil, retryAt, now }) => {
  const startedAt = time(job.startedAt);
  const finishedAt = time(job.finishedAt);
  const isRun = startedAt !== undefined && job.state !== "CANCELLED";
  if (isRun) waitUntil(startedAt, retryAt);
  const outcome = { COMPLETED: "done", FAILED: "failed" }[job.state] ?? "running";
  if (isRun)
    add({ kind: "run", outcome, by: job.startedBy, attempt: (job.attempt ?? 0) + 1 }, finishedAt ?? now);
  else waitUntil(finishedAt ?? Math.max(now, retryAt ?? now), retryAt);
};

const RUNNING = new Set(["run", "crash"]);

/** How long a job took until `at`, and how much of it was not a run. */
export const runsOf = (job, at) => {
  const total = at - time(job.createdAt);
  const running = partsOf(job, at)
    .filter(({ kind }) => RUNNING.has(kind))
    .reduce((sum, { from, to }) => sum + to - from, 0);
  return { total, waiting: Math.max(0, total - running) };
};
