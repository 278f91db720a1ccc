import { Refused } from "./refusals.js";

/** Runs one act of each kind at a time, and keeps what became of the last one. */
export const createTasks = (context, changed) => {
  const busy = new Set();
  const outcomes = new Map();

  /** How far an act has come, in words. It is shown, but not spoken: the end is. */
  const reporter = (id) => (text) => {
    outcomes.set(id, { text });
    changed();
  };

  const conclude = (id, text, error = false) => {
    outcomes.set(id, { text, error });
    context.say(text);
  };

  const start = async (id, run) => {
    if (busy.has(id)) return undefined;
    busy.add(id);
    outcomes.delete(id);
    changed();
    try {
      const answer = await run({ report: reporter(id) });
      conclude(id, successOf(answer));
      return answer;
    } catch (error) {
      if (!(error instanceof Refused)) console.error(error);
      conclude(id, error.message, true);
      return undefined;
    } finally {
      busy.delete(id);
      changed();
    }
  };

  return { start, isBusy: (id) => busy.has(id), outcomeOf: (id) => outcomes.get(id) ?? {} };
};

/** The answer came at once; the work goes on in the background. */
const successOf = (answer) => {
  if (answer?.body?.deletionCancelled) return "The account is kept: its job is cancelled.";
  if (answer?.ms === undefined) return "Done.";
  const jobs = answer.jobIds.length;
  const work = jobs === 0 ? "" : jobs === 1 ? " One job works on it now." : ` ${jobs} jobs work on it now.`;
  return `Answered ${answer.status} in ${answer.ms} ms.${work}`;
};
