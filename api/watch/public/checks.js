import { verdictOf } from "./verdict.js";

/**
 * Which of a step's three outcomes has happened, from what the ledger says. Pure: `outcome` is the index of one, or
 * undefined if the time was too short to know; `text` is the evidence in words.
 */
const judged = (outcome, text) => ({ outcome, text });

const unknown = (text) => judged(undefined, text);

const ms = (iso) => Date.parse(iso);

const seconds = (from, to) => ((ms(to) - ms(from)) / 1_000).toFixed(1);

/** `answeredAt` is PostgreSQL's clock when the response had come. */
export const oneOff = ({ job, answer, answeredAt }) => {
  if (!job) return judged(2, "The ledger has no job of this request.");
  const mailed = job.finishedAt && ms(job.finishedAt) <= answeredAt;
  const facts = `The response took ${answer.ms} ms. The ledger has the job of this request`;
  if (mailed) return judged(1, `${facts}, and it was done when the response arrived.`);
  const later = job.finishedAt
    ? `; its mail went out ${ms(job.finishedAt) - ms(job.createdAt)} ms after the commit`
    : "";
  return judged(0, `${facts}${later}.`);
};

/** `jobs` are those of one schedule. */
export const recurring = ({ jobs, workers }) => {
  const bySlot = Map.groupBy(jobs, ({ payload }) => payload.slot);
  if (bySlot.size === 0) return judged(2, "The minute has passed, and the ledger has no job for it.");
  const [slot, found] = [...bySlot].at(-1);
  const facts = `The slot ${slot.slice(11, 16)} UTC has ${found.length} ${found.length === 1 ? "job" : "jobs"}, with ${workers} workers running.`;
  return judged(found.length === 1 ? 0 : 1, facts);
};

/** `jobs` are the trees of one video: one of them is the job that publishes. */
export const chain = ({ jobs }) => {
  const publish = jobs.find(({ name }) => name === "video-publish");
  const parts = jobs.filter(({ parentId }) => publish && parentId === publish.id);
  const dead = jobs.find(({ phase, error }) => phase === "dead" && error);
  if (dead) return unknown(`The flow has failed: ${dead.error}`);
  if (!publish?.startedAt)
    return unknown(`${endedOf(jobs)} of ${jobs.length} jobs have ended; the video is not published yet.`);
  const last = Math.max(...parts.map(({ finishedAt }) => ms(finishedAt)));
  const first = Math.min(
    ...jobs.filter(({ finishedAt }) => finishedAt).map(({ finishedAt }) => ms(finishedAt)),
  );
  const facts = `${jobs.length} jobs: video-publish started ${ms(publish.startedAt) - last} ms after the last of its ${parts.length} parts`;
  if (ms(publish.startedAt) >= last)
    return judged(0, `${facts}, ${((last - first) / 1_000).toFixed(1)} s after the first.`);
  return judged(1, "video-publish started before all of its parts had ended.");
};

const endedOf = (jobs) => jobs.filter(({ finishedAt }) => finishedAt).length;

/** `open` are the jobs of the batch that were open when the single one had ended. */
export const batch = ({ single, open, total }) => {
  if (!single.finishedAt) return unknown("The single job has not ended yet.");
  const facts = `Your job was done ${seconds(single.createdAt, single.finishedAt)} s after its commit. Then ${open} of ${total} jobs of the batch were open.`;
  return judged(open > 0 ? 0 : 1, facts);
};

export const retry = ({ answer, job }) => {
  if (!answer.ok) return judged(2, `The request was answered ${answer.status}.`);
  if (job.phase === "dead") return judged(1, `The job is in the dead letter: ${job.error}`);
  const failed = job.history.filter(({ outcome }) => outcome === "retry").length;
  if (job.phase !== "done") return unknown(`${failed} attempts have failed; the next one is due.`);
  return judged(
    0,
    `The request took ${answer.ms} ms. ${failed} ${failed === 1 ? "attempt" : "attempts"} failed, then the mail went out at attempt ${failed + 1}.`,
  );
};

/** `killedAt` is PostgreSQL's clock. The start after it belongs to another worker. */
export const visibility = ({ job, killed, killedAt }) => {
  const crash = job.history.find(({ outcome, by }) => outcome === "crashed" && by === killed);
  if (!crash || job.startedBy === killed)
    return job.finishedAt
      ? unknown("The job had ended before its worker was killed: do it again.")
      : judged(2, "No other worker has taken the job yet.");
  const wait = startAfter(job, killed, killedAt) - killedAt;
  const facts = `Another worker started the job ${(wait / 1_000).toFixed(1)} s after the kill. The ledger has noted crash ${job.crashes}, which spent no attempt.`;
  return judged(wait < 2_000 ? 1 : 0, facts);
};

const startAfter = ({ history, startedAt, startedBy }, killed, killedAt) => {
  const starts = [
    ...history.map((entry) => ({ at: entry.startedAt, by: entry.by })),
    { at: startedAt, by: startedBy },
  ];
  return Math.min(
    ...starts.filter(({ at, by }) => at && by !== killed && ms(at) > killedAt).map(({ at }) => ms(at)),
  );
};

/** `jobs` are those that the ledger has of both requests. */
export const idempotency = ({ answers, jobs }) => {
  const [first, second] = answers;
  if (!second.ok) return judged(2, `The second request was answered ${second.status}.`);
  const facts = `Answered ${first.status} and ${second.status}. The ledger has ${jobs.length} ${jobs.length === 1 ? "job" : "jobs"} of the two requests.`;
  return judged(jobs.length === 1 ? 0 : 1, facts);
};

/** `jobs` are in the order in which they were enqueued. */
export const ordering = ({ jobs }) => {
  if (jobs.some(({ finishedAt }) => !finishedAt))
    return unknown(`${endedOf(jobs)} of ${jobs.length} jobs have ended.`);
  const pairs = jobs.slice(1).map((job, index) => [jobs[index], job]);
  const overlaps = pairs.filter(([one, next]) => ms(next.startedAt) < ms(one.finishedAt)).length;
  const swapped = pairs.filter(([one, next]) => ms(next.startedAt) < ms(one.startedAt)).length;
  const workers = new Set(jobs.map(({ startedBy }) => startedBy)).size;
  const facts = `${jobs.length} jobs on ${workers} ${workers === 1 ? "worker" : "workers"}: ${swapped} out of order, ${overlaps} overlapped with the one before.`;
  return judged(swapped > 0 ? 2 : overlaps > 0 ? 1 : 0, facts);
};

/** `perSecond` is the provider's limit. */
export const rateLimit = ({ jobs, perSecond }) => {
  const dead = jobs.filter(({ phase }) => phase === "dead").length;
  const failed = jobs.filter(({ history }) => history.some(({ outcome }) => outcome === "retry")).length;
  if (dead + failed > 0) return judged(1, `${dead + failed} of ${jobs.length} mails failed at least once.`);
  if (endedOf(jobs) < jobs.length) return unknown(`${endedOf(jobs)} of ${jobs.length} mails have gone out.`);
  const ends = jobs.map(({ finishedAt }) => ms(finishedAt)).toSorted((one, other) => one - other);
  const span = (ends.at(-1) - ends[0]) / 1_000;
  const facts = `${jobs.length} mails went out in ${span.toFixed(1)} s. None failed; each took one attempt.`;
  // A bucket that is full at the beginning lets one second's amount pass at once.
  return judged(span >= jobs.length / perSecond - 2 ? 0 : 2, facts);
};

export const deadLetter = ({ dead, replayed }) => {
  if (dead?.phase !== "dead")
    return judged(dead?.attempt > 1 ? 1 : 2, `The job is ${dead?.phase ?? "not in the ledger"}.`);
  const facts = `It was in the dead letter after ${dead.attempt} ${dead.attempt === 1 ? "attempt" : "attempts"}`;
  if (replayed?.phase !== "done") return unknown(`${facts}, and its replay has not ended yet.`);
  return judged(0, `${facts}. Given back after the repair, the same job is done: epoch ${replayed.epoch}.`);
};

/** `shares` are the jobs that each worker has completed meanwhile. */
export const scalingOut = ({ shares, accepted }) => {
  const total = shares.reduce((sum, { completed }) => sum + completed, 0);
  const facts = `${accepted} jobs: ${shares.map(({ name, completed }) => `${name} did ${completed}`).join(", ")}.`;
  if (total < accepted) return unknown(`${facts} The heartbeats have not reported all of them yet.`);
  if (total > accepted) return judged(2, facts);
  return judged(shares.filter(({ completed }) => completed > 0).length > 1 ? 0 : 1, facts);
};

export const monitoring = ({ books, accepted, jobs }) => {
  const { lost, repeated, open } = verdictOf(books, accepted);
  const retries = jobs.reduce(
    (sum, { history }) => sum + history.filter(({ outcome }) => outcome === "retry").length,
    0,
  );
  const facts = `${accepted} sign-ups accepted: ${lost} lost, ${repeated} mails twice, ${retries} failed attempts${open ? `, ${open} still open` : ""}.`;
  if (lost > 0) return judged(0, facts);
  return judged(retries > 0 ? 2 : repeated > 0 ? 1 : undefined, facts);
};
