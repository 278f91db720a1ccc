import { time } from "./words.js";

/**
 * The life of a job as its row shows it: an ordered list of moments `{ key, kind, at?, … }`. A row keeps its times and
 * history, so nothing that happened between two looks is missing. `at` is absent where the row has no time for it: the
 * time of an earlier publication, for example, is overwritten by the next one.
 *
 * `crashes` is the queue's limit. `turned`: the job has waited for its turn, which its row does not always show.
 */
export const lifeOf = (job, { crashes = 3, turned = false } = {}) => {
  const past = pastOf(job);
  const present = presentOf(job, past, crashes);
  return [
    { key: "committed", kind: "committed", at: time(job.createdAt) },
    ...releasesOf(job, turned),
    ...withPublications(job, past, present),
  ];
};

const ended = new Set(["COMPLETED", "FAILED", "CANCELLED"]);

export const isOver = ({ state }) => ended.has(state);

/** The history with the number of the attempt and of the crash that each entry was. */
export const entriesOf = (job) => {
  const history = job.history ?? [];
  const replays = history.filter(({ outcome }) => outcome === "replayed").length;
  let replay = 0;
  let attempt = 0;
  let crash = 0;
  const numbered = history.map((entry) => {
    if (entry.outcome === "replayed") [attempt, crash, replay] = [0, 0, replay + 1];
    if (entry.outcome === "retry" || entry.outcome === "failed") attempt += 1;
    if (entry.outcome === "crashed") crash += 1;
    return { ...entry, attempt, crash, isCurrent: replay === replays };
  });
  // The oldest entries may be missing: the row's own counts are right, so the current round is counted back from them.
  const missing = { attempt: (job.attempt ?? 0) - attempt, crash: (job.crashes ?? 0) - crash };
  return numbered.map((entry) => (entry.isCurrent ? correct(entry, missing) : entry));
};

const correct = (entry, missing) => ({
  ...entry,
  attempt: entry.attempt + Math.max(0, missing.attempt),
  crash: entry.crash + Math.max(0, missing.crash),
});

/** An ended attempt's number, or that of the run that did not end. */
const runOf = ({ outcome, attempt }) => (outcome === "retry" || outcome === "failed" ? attempt : attempt + 1);

const KINDS = { retry: "retry", failed: "dead", crashed: "crashed", lost: "lost", replayed: "replayed" };

const pastOf = (job) => {
  let readyAt = firstReadyAt(job);
  return entriesOf(job).flatMap((entry) => {
    const startedAt = time(entry.startedAt);
    const endedAt = time(entry.endedAt);
    const by = entry.by ?? undefined;
    const moments = [];
    // A job that has crashed too often is started once more only to be failed.
    if (startedAt !== undefined && !(entry.outcome === "failed" && entry.kind === "crashed"))
      moments.push({ ...startOf(startedAt, by, runOf(entry), readyAt) });
    const kind = KINDS[entry.outcome] ?? entry.outcome;
    const times = entry.count ?? 1;
    moments.push({
      ...entry,
      ...{ key: `${kind}:${startedAt ?? endedAt}:${times}`, kind, at: endedAt, by, times, startedAt },
      ...{ error: entry.error ?? undefined, cause: entry.kind, retryAt: time(entry.retryAt) },
    });
    readyAt = entry.outcome === "crashed" ? undefined : (time(entry.retryAt) ?? endedAt);
    return moments;
  });
};

/** `waited` is absent after a crash: the job waited for nothing but the discovery. */
const startOf = (at, by, attempt, readyAt) => ({
  ...{ key: `started:${at}`, kind: "started", at, by, attempt },
  ...(readyAt !== undefined && { waited: Math.max(0, at - readyAt) }),
});

/** When the job was first ready to run. Retries overwrite the column. */
const firstReadyAt = ({ readyAt, createdAt, history }) =>
  history?.length > 0 ? time(createdAt) : (time(readyAt) ?? time(createdAt));

const presentOf = (job, past, crashes) => {
  const last = past.at(-1);
  const moments = [];
  const startedAt = time(job.startedAt);
  const by = job.startedBy ?? undefined;
  const isRun = startedAt !== undefined && (job.state === "COMPLETED" || job.crashes < crashes);
  const readyAt = last
    ? (last.retryAt ?? (last.kind === "crashed" ? undefined : last.at))
    : firstReadyAt(job);
  if (isRun) moments.push(startOf(startedAt, by, (job.attempt ?? 0) + 1, readyAt));
  if (isRun && !isOver(job) && job.progress !== null && job.progress !== undefined)
    moments.push({
      key: `progress:${JSON.stringify(job.progress)}`,
      kind: "progress",
      progress: job.progress,
    });
  if (job.publishTries > 0 && job.state === "PENDING")
    moments.push({
      key: `refused:${job.publishTries}`,
      kind: "refused",
      tries: job.publishTries,
      error: job.error,
    });
  return [...moments, ...endOf(job, last)];
};

const endOf = (job, last) => {
  const at = time(job.finishedAt);
  if (job.state === "COMPLETED") return [{ key: `done:${at}`, kind: "done", at }];
  if (job.state === "CANCELLED") return [{ key: `cancelled:${at}`, kind: "cancelled", at }];
  // The last run failed the job: its entry is the moment.
  if (job.state !== "FAILED" || last?.kind === "dead") return [];
  return [{ key: `dead:${at}`, kind: "dead", at, error: job.error ?? undefined, withoutRun: true }];
};

const hasLeft = (job) =>
  Boolean(job.publishedAt || job.startedAt) || ["PENDING", "PUBLISHED", "COMPLETED"].includes(job.state);

/** What a job waited for before the relay could take it. */
const releasesOf = (job, turned) => {
  const at = job.history?.length > 0 ? undefined : time(job.readyAt);
  const children = job.children ?? 0;
  if (children > 0 && hasLeft(job)) return [{ key: "children", kind: "children", at, children }];
  const over = children - (job.openChildren ?? children);
  if (job.state === "WAITING" && over > 0) return [{ key: `child:${over}`, kind: "child", over, children }];
  const hasWaited = turned || (at !== undefined && at > time(job.createdAt));
  return job.orderKey && hasLeft(job) && hasWaited ? [{ key: "turn", kind: "turn", at }] : [];
};

/** After these, the relay publishes the job again, one epoch higher. */
const REPUBLISHED = new Set(["lost", "replayed"]);

/**
 * Adds the publications. The row has the time of the last one; of earlier ones it is known that they happened, because
 * other moments came after them.
 */
const withPublications = (job, past, present) => {
  const publishedAt = time(job.publishedAt);
  const places = [{ index: 0, since: time(job.createdAt), key: "published:1" }];
  past.forEach((moment, index) => {
    // The sweep also publishes again what a dead worker ran, if the broker has lost it.
    const isCrash = moment.kind === "crashed" && publishedAt >= moment.at;
    if (REPUBLISHED.has(moment.kind) || isCrash)
      places.push({ index: index + 1, since: moment.at, key: `published:${moment.at}` });
  });
  const known = places.findLast(({ since }) => publishedAt >= since);
  const moments = [...past, ...present];
  return [...places].reverse().reduce((all, place, step) => {
    // A worker can be faster than the relay's note.
    const next = moments[place.index]?.kind === "started" ? moments[place.index].at : Infinity;
    const at = Math.min(publishedAt, next);
    const moment = publicationAt(place, { known, at, epoch: (job.epoch ?? 1) - step });
    const isSure = place === known || hasRunAfter(moments, place.index);
    return isSure ? all.toSpliced(place.index, 0, moment) : all;
  }, moments);
};

const RUNS = new Set(["started", "lost", "retry", "crashed", "released", "limited"]);
const hasRunAfter = (moments, index) => moments.slice(index).some(({ kind }) => RUNS.has(kind));

const publicationAt = (place, { known, at, epoch }) => ({
  ...{ key: place.key, kind: "published", since: place.since, epoch: Math.max(1, epoch) },
  ...(place === known ? { at } : {}),
});
