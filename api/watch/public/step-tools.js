import { inventPerson } from "./people.js";
import { waitFor } from "./wait.js";

/** What a step of the tour may use. What it breaks is noted, so that leaving the step repairs it. */
export const createStepTools = (context, { acts, breakages }, { broken, signal, say }) => {
  const { model } = context;

  const readJob = async (id) => {
    const { ok, body } = await context.call("GET", `/watch/jobs/${id}`);
    return ok ? body : undefined;
  };

  /** Waits until the ledger says so about a job, and resolves with it; with its last state if it takes too long. */
  const untilJob = async (id, isSo, ms = 50_000) => {
    let seen;
    const found = await waitFor(
      model,
      async () => {
        seen = (await readJob(id))?.job ?? seen;
        return seen && isSo(seen) ? seen : undefined;
      },
      { ms, signal },
    );
    return found ?? seen;
  };

  const ended = ({ finishedAt }) => finishedAt !== null;

  return {
    ...{ context, model, acts, breakages, signal, say },
    readJob,
    untilJob,
    untilEnded: (id, ms) => untilJob(id, ended, ms),
    /** In the order of the ids given. */
    untilAllEnded: async (ids, ms = 50_000) => {
      const until = performance.now() + ms;
      const jobs = [];
      for (const id of ids) jobs.push(await untilJob(id, ended, Math.max(1, until - performance.now())));
      return jobs;
    },
    until: (find, ms) => waitFor(model, find, { ms, signal }),
    rest: (ms) => waitFor(model, () => undefined, { ms, signal }),
    /** A passer-by signs up: your person keeps what it has. Resolves with the answer and the id of the mail's job. */
    signUp: async ({ headers, who = inventPerson() } = {}) => {
      const { name, email, password } = who;
      const answer = await acts.request(
        "POST",
        "/v1/signup",
        { name, email, password },
        { headers, ...SIGN_UP },
      );
      return { answer, who, id: answer.jobIds[0] };
    },
    /** Breaks a provider until the step is left, unless the step repairs it before. */
    setProvider: async (name, mode) => {
      broken.note({ provider: name });
      await breakages.provider(name, mode);
      if (mode === "off") broken.forget({ provider: name });
    },
    follow: (ids) => {
      model.follow(ids);
      if (ids[0]) context.select(ids[0]);
    },
    noteSchedule: () => broken.note({ schedule: true }),
  };
};

const SIGN_UP = {
  why: "The account and the job that mails it were committed together.",
  source: "api/accounts/signup.ts#signupRoutes",
};
