import { duration, plural } from "./numbers.js";
import { clock, nameOf, plain, workerName } from "./words.js";
import { runsOf } from "./runs.js";

const NAMES = {
  provider: "the provider failed",
  ours: "our code or database failed",
  timeout: "it took too long and was stopped",
};

const retry = ({ attempt, cause, error, retryAt, at }, { queue }) => ({
  text:
    `attempt ${attempt}${queue ? ` of ${queue.attempts}` : ""} failed, ${NAMES[cause] ?? NAMES.ours}${quoted(error)}. ` +
    `The next one in ${duration(retryAt - at)}, at ${clock(retryAt)}.`,
  why: formulaOf(queue, attempt),
  source: cause === "timeout" ? "workers/core/run.ts#openRun" : "workers/core/job.ts#backoffDelay",
  concept: "retry",
});

const quoted = (error) => (error ? `: “${plain(error)}”` : "");

/** The backoff with the queue's own numbers: "1 s, 2 s, 4 s, 8 s … at most 10 min, ± 25 % at random". */
const formulaOf = (queue, attempt) => {
  if (!queue?.backoff) return "Each wait is twice as long as the one before, with some randomness.";
  const { delay, max, jitter } = queue.backoff;
  const waits = [1, 2, 4, 8].map((factor) => duration(Math.min(max, delay * factor)));
  const spread = jitter > 0 ? `, ± ${Math.round(jitter * 50)} % at random` : "";
  return (
    `The wait doubles: ${[...new Set(waits)].join(", ")} … at most ${duration(max)}${spread}, so that retries do not come ` +
    `all at once. After attempt ${attempt}: ${duration(Math.min(max, delay * 2 ** (attempt - 1)))}.`
  );
};

const limited = ({ times, error }, { queue }) => ({
  text: `the provider asked for a pause${quoted(error)}. Given back${repeated(times)}, and no attempt is spent.`,
  why: queue?.rateLimit
    ? "The whole queue pauses for all workers: further requests would be refused as well."
    : "Only this job waits: its queue has no limit of its own.",
  source: "workers/core/errors.ts#RateLimitedError",
  concept: "rate-limit",
});

const repeated = (times) => (times > 1 ? ` ${times} times` : "");

const released = ({ times, by }, { model }) => ({
  text: `${workerName(by, model)} gave it back${repeated(times)} before the end of the run. No attempt is spent.`,
  why: "A worker that shuts down, or has lost its lock, releases its jobs. Another worker starts them at once.",
  source: "workers/core/errors.ts#ReleaseError",
  concept: "visibility-timeout",
});

const crashed = ({ crash, by, startedAt, at }, { queue, model }) => ({
  text:
    `${workerName(by, model)} died during the run: crash ${crash}${queue ? ` of ${queue.crashes}` : ""}, ` +
    `found ${duration(at - startedAt)} after the start.`,
  why:
    "A worker without a heartbeat for 10 s counts as dead, and its lock expires. " +
    "The job may have killed it, so crashes are counted apart from attempts.",
  source: "workers/core/ledger/history.ts#WITH_CRASH",
  concept: "visibility-timeout",
});

const lost = (_moment, { job }) => ({
  text: `the broker does not know it any more. The sweep gives it back to the relay${job.epoch > 1 ? `: published ${job.epoch} times` : ""}.`,
  why: "The ledger is the truth, and the broker only distributes. A new epoch makes a late delivery of the old one harmless.",
  source: "workers/core/sweep.ts#startSweep",
  concept: "one-off",
});

const replayed = () => ({
  text: "taken out of the dead letter. It runs again from its first attempt.",
  why: "The row keeps its id and its history. In a flow, what failed with it is replayed too; what is done stays done.",
  source: "workers/core/ledger/dead-letter.ts#replayJobs",
  concept: "dead-letter",
});

const cancelled = () => ({
  text: "cancelled before its first start.",
  why: "A job that has not started is a row of the ledger: an update ends it. The broker's copy is dropped at delivery.",
  source: "workers/core/ledger/dead-letter.ts#cancelJobs",
  concept: "one-off",
});

const done = ({ at }, { job, model }) => {
  const { total, waiting } = runsOf(job, at);
  const result = typeof job.result === "string" ? ` Result: ${job.result}.` : "";
  return {
    text: `done in ${duration(total)}, of which ${duration(waiting)} waiting.${result}${parentOf(job, model)}`,
    why: "One statement completes it, only if its epoch is still the newest. A second delivery cannot complete it again.",
    source: "workers/core/ledger/runs.ts#completeJobs",
    concept: "idempotency",
  };
};

/** What the end of a child means for its parent, if the page has it. */
const parentOf = ({ parentId }, model) => {
  const parent = parentId && model.jobs?.get(parentId);
  if (!parent || parent.state !== "WAITING" || !(parent.openChildren > 0)) return "";
  return ` Its parent ${nameOf(parent)} waits for ${plural(parent.openChildren, "more child", "more children")}.`;
};

const dead = (moment, { job, queue }) => {
  const { text, why, source } = deathOf(moment, job, queue);
  return { text: `dead letter: ${text}`, why, source, concept: "dead-letter" };
};

const deathOf = (moment, job, queue) => {
  const { withoutRun, cause, attempt, crash, error } = moment;
  if (withoutRun) return deathWithoutRun(job, error);
  if (cause === "permanent")
    return {
      text: `attempt ${attempt} failed for good${quoted(error)}.`,
      why: "The handler threw PermanentError: further attempts cannot succeed, so none is made.",
      source: "workers/core/errors.ts#PermanentError",
    };
  if (cause === "crashed")
    return {
      text: `its process died ${plural(Math.max(crash, job.crashes ?? 0), "time")} while running it.`,
      why: "It is not started again, so that it cannot kill workers for ever.",
      source: "workers/core/errors.ts#CrashedError",
    };
  return {
    text: `attempt ${attempt}${queue ? ` of ${queue.attempts}` : ""} failed, and no attempt is left${quoted(error)}.`,
    why: "It stays here for 30 days with every attempt. Replay it when the cause is fixed.",
    source: "workers/core/outcome.ts#classify",
  };
};

const deathWithoutRun = (job, error) =>
  job.publishTries >= 10
    ? {
        text: `the broker refused it 10 times${quoted(error)}.`,
        why: "It accepts other jobs, so this one would never be accepted.",
        source: "workers/core/ledger/publish.ts#recordRefusal",
      }
    : {
        text: `${plain(error) || "it failed"}.`,
        why: "A child that it requires ended in the dead letter. A replay of either one replays both.",
        source: "workers/core/ledger/flow.ts#advanceParent",
      };

export const endSentences = {
  ...{ retry, limited, released, crashed, lost, replayed, cancelled, done, dead },
};
