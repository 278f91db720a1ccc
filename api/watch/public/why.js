import { isOver } from "./life.js";
import { plural } from "./numbers.js";
import { clock, nameOf, ordinal, time, workerName } from "./words.js";

/** Milliseconds without a heartbeat after which the page says so, and after which the worker counts as dead. */
const SILENT = 4_000;
const DEAD = 10_000;

/** Milliseconds between two sweeps, and after which a due row shows that the relay cannot publish. */
const SWEEP = 5_000;
const LATE = 2_000;

/**
 * Why a job is where it is: `{ text, until? }`, `until` in ms of PostgreSQL's clock. The first reason that fits;
 * undefined for a job that has ended.
 */
export const why = (job, { model }) => {
  if (isOver(job)) return undefined;
  const facts = {
    job,
    model,
    now: model.now(),
    queue: model.queues?.get(job.name),
    lane: laneOf(job, model),
  };
  for (const reason of REASONS) {
    const found = reason(facts);
    if (found) return found;
  }
  return { text: "It waits." };
};

const laneOf = ({ name }, model) => (model.lanes ?? []).find((lane) => lane.name === name);
const workersOf = (model) => [...(model.workers?.values?.() ?? [])];

const dueLater = ({ job, now }) =>
  job.phase === "scheduled"
    ? { text: `It is due at ${clock(job.readyAt)}.`, until: later(job.readyAt, now) }
    : undefined;

const later = (iso, now) => (time(iso) > now ? time(iso) : undefined);

const running = ({ job, model, now, queue }) => {
  if (job.phase !== "running") return undefined;
  const worker = workersOf(model).find(({ id }) => id === job.startedBy);
  const name = workerName(job.startedBy, model);
  const silent = worker ? now - time(worker.seenAt) : Infinity;
  if (!worker || silent >= DEAD)
    return { text: `${capital(name)} counts as dead. Another worker starts the job again.` };
  const until = time(worker.seenAt) + DEAD;
  if (silent >= SILENT)
    return {
      text: `${capital(name)} has been silent for ${Math.floor(silent / 1_000)} s. At 10 s it counts as dead.`,
      until,
    };
  return { text: `${capital(name)} runs attempt ${job.attempt + 1}${queue ? ` of ${queue.attempts}` : ""}.` };
};

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const children = ({ job }) => {
  if (job.phase !== "children") return undefined;
  const { openChildren, children: total } = job;
  return {
    text: `It waits for ${openChildren ?? "its"} of ${plural(total ?? openChildren, "child", "children")}.`,
  };
};

const turn = ({ job, model }) => {
  if (job.phase !== "turn") return undefined;
  const before = [...model.jobs.values()].filter((other) => isBefore(other, job));
  const first = before.find(({ state }) => state !== "WAITING");
  if (!first) return { text: "It waits for its turn: one job at a time has its ordering key." };
  const others = before.length - 1;
  const line = others > 0 ? `, and ${plural(others, "other")} before it` : "";
  return {
    text: `It waits for its turn behind ${nameOf(first)} (${first.phase}) with the same ordering key${line}.`,
  };
};

const isBefore = (other, job) =>
  other.name === job.name && other.orderKey === job.orderKey && other.id < job.id && !isOver(other);

const committed = ({ job, now }) => {
  if (job.phase !== "committed") return undefined;
  const late = now - time(job.readyAt);
  if (job.batchId)
    return { text: "It waits in the ledger: the broker holds about 1,000 jobs of batches per queue." };
  if (job.publishTries > 0)
    return {
      text: `The broker refused it ${plural(job.publishTries, "time")}. It is tried again each second.`,
    };
  return late < LATE
    ? { text: "It is in the ledger. The relay publishes it at its next look, within 250 ms." }
    : {
        text: "It is due, but the relay cannot publish it: the broker is away. The relay tries again every 250 ms.",
      };
};

const emptied = ({ job, model, now }) => {
  const at = time(model.breaks?.brokerEmptiedAt);
  if (at === undefined || !(time(job.publishedAt) <= at)) return undefined;
  const until = at + SWEEP > now ? at + SWEEP : undefined;
  return {
    text: "The broker was emptied and does not know it. The sweep looks every 5 s and publishes it again.",
    ...(until && { until }),
  };
};

const paused = ({ job, model }) =>
  model.breaks?.paused?.includes(job.name)
    ? { text: `The queue ${job.name} is paused. Workers take its jobs when it is resumed.` }
    : undefined;

const unserved = ({ job, model }) =>
  servers(job, model).length === 0
    ? { text: `No living worker serves the queue ${job.name}. The job waits until one starts.` }
    : undefined;

const servers = ({ name }, model) =>
  workersOf(model).filter(({ alive, about }) => alive !== false && about?.queues?.[name]);

const again = ({ job, now }) => {
  if (job.phase !== "again") return undefined;
  const at = time(job.retryAt ?? job.history?.at(-1)?.retryAt);
  return at > now
    ? { text: `Attempt ${job.attempt + 1} is due at ${clock(at)}.`, until: at }
    : { text: "It is due, and waits for a free slot." };
};

const askedToPause = ({ job, now }) => {
  const until = later(job.readyAt, now);
  return until && job.history?.at(-1)?.outcome === "limited"
    ? { text: `The provider asked for a pause until ${clock(until)}.`, until }
    : undefined;
};

const limit = ({ job, model, queue, lane }) => {
  const { max, per } = queue?.rateLimit ?? {};
  if (!max || !(lane?.queued > max)) return undefined;
  const every = per === 1_000 ? "a second" : `every ${per / 1_000} s`;
  return { text: `The provider's limit: ${max} ${every}. It is ${place(job, model, lane)} in line.` };
};

const busy = ({ job, model }) => {
  const queues = servers(job, model).map(({ about }) => about.queues[job.name]);
  const sum = (key) => queues.reduce((total, queue) => total + (queue[key] ?? 0), 0);
  if (sum("running") < sum("slots")) return undefined;
  const slots = `All ${plural(sum("slots"), "slot")} of ${plural(queues.length, "worker")} are busy`;
  return { text: `${slots}. It is ${place(job, model, laneOf(job, model))} in line.` };
};

const inLine = ({ job, model, lane }) => ({ text: `It is ${place(job, model, lane)} in line.` });

/** How many queued jobs the page must have of a queue that it does not have whole, to estimate a place. */
const ENOUGH = 5;

/** The place among the queued jobs: estimated from the sample that the page has, if it does not have all of them. */
const place = (job, model, lane) => {
  const isOther = ({ id, name, phase }) => id !== job.id && name === job.name && phase === "queued";
  const others = [...model.jobs.values()].filter(isOther);
  const ahead = others.filter((other) => goesFirst(other, job)).length;
  const queued = Math.max(lane?.queued ?? 0, others.length + 1);
  if (others.length + 1 === queued) return ordinal(ahead + 1);
  if (others.length < ENOUGH) return `one of ${plural(queued, "job")}`;
  if (ahead === 0) return "among the first";
  return `about ${ordinal(Math.round((queued * ahead) / others.length) + 1)}`;
};

const goesFirst = (other, job) =>
  other.priority === job.priority ? other.id < job.id : other.priority < job.priority;

const REASONS = [
  ...[dueLater, running, children, turn, committed, emptied, paused, unserved],
  ...[again, askedToPause, limit, busy, inLine],
];
