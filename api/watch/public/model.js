import { createOwnership } from "./ownership.js";

/** Keys of a message that replace what the model knew. `jobs` and `gone` are merged instead. */
const FACTS = ["lanes", "workers", "dead", "batches", "schedules", "breaks", "server", "viewers"];

/** How many ended jobs of others are kept. */
const ENDED_KEPT = 150;

const ENDED = new Set(["done", "dead", "cancelled"]);

const hasEnded = (job) => ENDED.has(job.phase);

/**
 * What the page knows, without any DOM. Whole rows arrive, so a repeated message changes nothing.
 * `elapsed` is a monotonic clock in milliseconds: the browser's time of day is never used.
 */
export const createModel = ({ own = [], save = () => {}, elapsed = () => performance.now() } = {}) => {
  const model = {
    jobs: new Map(),
    queues: new Map(),
    lanes: [],
    workers: [],
    dead: { total: 0, capped: false, kinds: [] },
    batches: [],
    schedules: [],
    breaks: { providers: {}, paused: [], flood: null, brokerEmptiedAt: null },
    server: undefined,
    viewers: 0,
    state: "connecting",
    staleSince: undefined,
    paused: false,
  };
  const ownership = createOwnership(model.jobs, own, save);
  const notices = createNotices(model);
  const workerNames = new Map();
  let clock;

  const readClock = ({ at }) => {
    if (at) clock = { at: Date.parse(at), elapsed: elapsed() };
  };

  const applyFacts = (message, change) => {
    for (const key of FACTS) {
      if (message[key] === undefined) continue;
      model[key] = message[key];
      change[key] = true;
    }
    if (message.queues) model.queues = new Map(message.queues.map((queue) => [queue.name, queue]));
    if (message.workers) nameWorkers(workerNames, message.workers);
  };

  const applyJobs = ({ jobs = [], gone = [] }, change) => {
    for (const after of jobs) {
      change.jobs.push({ before: model.jobs.get(after.id), after });
      model.jobs.set(after.id, after);
    }
    for (const id of gone) remove(model.jobs, id, change);
    ownership.claim(jobs);
  };

  return Object.assign(model, {
    mine: ownership.mine,
    isMine: (job) => ownership.mine.has(job.id),
    own: () => [...ownership.own],

    /** PostgreSQL's clock, in milliseconds. Before the first message, the browser's. */
    now: () => (clock ? clock.at + elapsed() - clock.elapsed : Date.now()),

    /** "worker 1": numbered in the order of their start, for as long as the page is open. */
    workerName: (id) => workerNames.get(id) ?? "a worker that has stopped",

    follow: (ids) => {
      const added = ownership.follow(ids);
      if (added.length > 0) notices.send({ ...emptyChange("follow"), followed: added });
    },

    apply: (kind, message) => {
      readClock(message);
      const change = emptyChange(kind);
      if (kind === "snapshot") dropUnknown(model, message, change);
      applyFacts(message, change);
      applyJobs(message, change);
      prune(model, change);
      updateState(model, kind, message);
      notices.send(change);
    },

    /** Of the connection: the stream says when it connects. */
    setState: (state) => {
      if (model.state === state) return;
      model.state = state;
      notices.send(emptyChange("state"));
    },

    subscribe: notices.subscribe,
    pause: notices.pause,
    resume: notices.resume,
    waiting: notices.waiting,
    onHeld: notices.onHeld,
  });
};

const emptyChange = (kind) => ({ kind, jobs: [], gone: [] });

const updateState = (model, kind, { behind, since }) => {
  if (kind === "stale") model.staleSince = Date.parse(since);
  if (kind === "stale") model.state = "stale";
  else model.state = behind || kind === "counts" ? "behind" : "live";
};

/** A snapshot is all that is shown. Own jobs that ended stay, because only the newest ids are followed. */
const dropUnknown = (model, { jobs = [] }, change) => {
  const known = new Set(jobs.map(({ id }) => id));
  for (const [id, job] of model.jobs)
    if (!known.has(id) && !(model.mine.has(id) && hasEnded(job))) remove(model.jobs, id, change);
};

const remove = (jobs, id, change) => {
  const job = jobs.get(id);
  if (!job) return;
  jobs.delete(id);
  change.gone.push(job);
};

/** Ended jobs of others are only counted, so that a flood does not fill the browser's memory. */
const prune = (model, change) => {
  const ended = [];
  for (const job of model.jobs.values())
    if (hasEnded(job) && job.phase !== "dead" && !model.mine.has(job.id)) ended.push(job);
  for (const { id } of ended.slice(0, -ENDED_KEPT)) remove(model.jobs, id, change);
};

const nameWorkers = (names, workers) => {
  const byStart = workers.toSorted((one, other) => one.startedAt.localeCompare(other.startedAt));
  for (const { id } of byStart) if (!names.has(id)) names.set(id, `worker ${names.size + 1}`);
};

/** Informs the listeners. While paused, changes are merged: each job's first state before, and its last one. */
const createNotices = (model) => {
  const listeners = new Set();
  const heldListeners = new Set();
  let held;

  const inform = (change) => {
    for (const listener of listeners) listener(change);
  };

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send: (change) => {
      if (!model.paused) return inform(change);
      held = held ? merge(held, change) : change;
      for (const listener of heldListeners) listener();
    },
    pause: () => {
      model.paused = true;
      inform(emptyChange("pause"));
    },
    resume: () => {
      model.paused = false;
      const change = held;
      held = undefined;
      inform(emptyChange("resume"));
      if (change) inform(change);
    },
    /** Called with every change that waits for the end of a pause. */
    onHeld: (listener) => heldListeners.add(listener),
    waiting: () => (held ? held.jobs.length + held.gone.length : 0),
  };
};

const merge = (held, change) => {
  const jobs = new Map(held.jobs.map((each) => [each.after.id, each]));
  for (const { before, after } of change.jobs)
    jobs.set(after.id, { before: jobs.has(after.id) ? jobs.get(after.id).before : before, after });
  const gone = new Map([...held.gone, ...change.gone].map((job) => [job.id, job]));
  for (const { after } of change.jobs) gone.delete(after.id);
  for (const id of gone.keys()) jobs.delete(id);
  return { ...held, ...change, jobs: [...jobs.values()], gone: [...gone.values()] };
};
