import { endSentences } from "./sentences-end.js";
import { duration, plural } from "./numbers.js";
import { clock, nameOf, titleOf, workerName } from "./words.js";

/** The sentence about one moment of a job's life: what happened, why it matters, and the code that did it. */
export const sentenceOf = (moment, job, model) => {
  const queue = model.queues?.get(job.name);
  const { text, ...rest } = sentences[moment.kind](moment, { job, model, queue });
  return { text: `${titleOf(job)}: ${text}`, ...rest };
};

const committed = (moment, { job, model }) => {
  const delay = Date.parse(job.readyAt) - Date.parse(job.createdAt);
  const isDelayed = job.state === "PENDING" && !job.publishedAt && delay > 0;
  const due = isDelayed ? ` It is due at ${clock(job.readyAt)}.` : "";
  return { ...originOf(job, model, waitsFor(job) || due), concept: conceptOf(job) };
};

const waitsFor = ({ children, orderKey, state }) => {
  if (children > 0) return ` It waits for ${plural(children, "child", "children")}.`;
  if (orderKey && state === "WAITING") return " Another job with its ordering key goes first.";
  return "";
};

const conceptOf = ({ batchId, parentId, children, orderKey, name }) => {
  if (batchId) return "batch";
  if (parentId || children > 0) return "chain";
  if (orderKey) return "ordering";
  return name === "schedule-dispatch" ? "recurring" : "one-off";
};

const originOf = (job, model, more) => {
  if (job.batchId)
    return {
      text: `a row of the ledger, one of many of a batch.${more}`,
      why: "One statement inserts up to 1,000 jobs, in the transaction of the data they belong to.",
      source: "workers/core/enqueue-many.ts#prepareMany",
    };
  if (job.parentId)
    return {
      text: `a row of the ledger, as a child of ${nameOfId(job.parentId, model, "its parent")}.${more}`,
      why: `The whole flow is committed at once. ${FAILURES[job.onFailure] ?? ""}`.trim(),
      source: "workers/core/enqueue.ts#prepareFlow",
    };
  if (job.causeId)
    return {
      text: `a row of the ledger, added by ${nameOfId(job.causeId, model, "the job before it")}.${more}`,
      why: "A follow-up is inserted in the transaction that completes the job before it: both or neither.",
      source: "workers/core/run.ts#openRun",
    };
  return {
    text: `a row of the ledger, committed with the data it belongs to.${more}`,
    why: "The job exists if, and only if, the transaction commits. A crash before the commit leaves neither.",
    source: "workers/core/enqueue.ts#createJobs",
  };
};

const FAILURES = {
  "fail-parent": "If this job ends in the dead letter, its parent fails too.",
  continue: "If this job ends in the dead letter, its parent goes on without it.",
};

const nameOfId = (id, model, otherwise) => {
  const job = model.jobs?.get(id);
  return job ? nameOf(job) : otherwise;
};

const turn = () => ({
  text: "its turn: the job before it with the same ordering key has ended.",
  why: "The transaction that ends a job makes the next one of its key due, so they run one at a time and in order.",
  source: "workers/core/ledger/order.ts#promoteNext",
  concept: "ordering",
});

const children = ({ children: total }) => ({
  text: `${total === 1 ? "its child has" : `all ${total} children have`} ended. It can start.`,
  why: "The transaction that finishes the last child makes its parent due. The relay publishes it like any other job.",
  source: "workers/core/ledger/flow.ts#advanceParent",
  concept: "chain",
});

const child = ({ over, children: total }) => ({
  text: `${over} of ${plural(total, "child", "children")} ${over === 1 ? "has" : "have"} ended.`,
  why: "A parent stays in the ledger until its last child has ended. The broker does not know it yet.",
  source: "workers/core/ledger/flow.ts#advanceParent",
  concept: "chain",
});

/** Milliseconds in which a nudged relay usually publishes. */
const NUDGED = 100;

const published = ({ at, since, epoch }, { job }) => ({
  text: `${epoch > 1 ? "given to the broker again" : "given to the broker"}${latency(at, since, epoch, job)}.`,
  why: whyPublished(at, since, job),
  source: "workers/core/relay.ts#startRelay",
  concept: "one-off",
});

/** The delay and the wait for children end when the job is ready, unless a retry has overwritten that time. */
const dueSince = (at, since, { readyAt, history }) => {
  const ready = Date.parse(readyAt);
  return !(history?.length > 0) && ready > since && ready <= at ? ready : since;
};

const latency = (at, since, epoch, job) => {
  const number = epoch > 1 ? `, publication ${epoch}` : "";
  if (at === undefined) return number;
  return `${number}, ${duration(at - dueSince(at, since, job))} after it was due`;
};

const whyPublished = (at, since, job) => {
  if (at === undefined)
    return "The relay moves due rows to the broker. Only the time of the last publication is kept.";
  if (job.batchId)
    return "Batches wait for the relay's poll, every 250 ms, so that they do not delay other jobs.";
  return at - dueSince(at, since, job) <= NUDGED
    ? "The commit nudges the relay of its process. If that process dies, another relay finds the row."
    : "Without a nudge, a relay finds it at its own poll, every 250 ms. A busy broker or machine takes longer.";
};

const refused = ({ tries, error }) => ({
  text: `the broker refused it, ${tries} of 10${error ? `: ${error}` : ""}.`,
  why: "It accepts other jobs, so this one is tried again each second. The tenth refusal fails it.",
  source: "workers/core/ledger/publish.ts#recordRefusal",
  concept: "dead-letter",
});

const started = ({ attempt, by, waited }, { queue, model }) => ({
  text: `${workerName(by, model)} ${verbOf(waited)} attempt ${attempt}${queue ? ` of ${queue.attempts}` : ""}${waitOf(waited)}.`,
  why:
    attempt > 1
      ? "The same job with the same id: a provider that knows the id does the work only once."
      : "One statement records the start and loads the payload. A job that has ended, or that a live worker runs, does not start.",
  source: "workers/core/ledger/runs.ts#startJobs",
  concept: attempt > 1 ? "retry" : "scaling-out",
});

const verbOf = (waited) => (waited === undefined ? "takes over" : "starts");
const waitOf = (waited) => (waited === undefined ? "" : `, after ${duration(waited)} of waiting`);

const progress = ({ progress: value }) => ({
  text:
    typeof value === "number" ? `${Math.floor(value * 100)} % done.` : `progress ${JSON.stringify(value)}.`,
  why: "The handler stores its progress in the ledger, so every process can show it.",
  source: "workers/core/ledger/runs.ts#recordProgress",
  concept: "monitoring",
});

const sentences = {
  ...{ committed, turn, children, child, published, refused, started, progress },
  ...endSentences,
};
