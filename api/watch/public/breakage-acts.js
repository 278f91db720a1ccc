import { inventPerson } from "./people.js";
import { createRequests } from "./requests.js";
import { truthAfterKill } from "./breakages.js";
import { waitFor } from "./wait.js";

/** Milliseconds for the supervisor to start a killed API again. */
const RESTART = 45_000;

/** The controls of the live page. Each resolves with its answer, and with `truth`, a sentence, where it knows more. */
export const createBreakages = (context) => {
  const request = createRequests(context);
  const control = (method, path, body, { why, source }) =>
    request(method, `/watch/control/${path}`, body, { why, source });

  /** Shows the answer of a control at once: the stream follows within seconds. */
  const showBreaks = (changes) => {
    if (context.model.state !== "live") return;
    context.model.apply("tick", { breaks: { ...context.model.breaks, ...changes } });
  };

  const provider = async (name, mode) => {
    const answer = await control(
      "PUT",
      "providers",
      { [name]: mode },
      {
        why: "Only the stand-in of the provider changes. The workers know nothing about it.",
        source: "sandbox/outage.ts#Outage",
      },
    );
    showBreaks({ providers: answer.body });
    return answer;
  };

  const killWorker = (id) =>
    control(
      "POST",
      `workers/${encodeURIComponent(id)}/kill`,
      {},
      {
        why: "The worker got SIGKILL: no handler ran, nothing was written.",
        source: "infra/ordered-death.ts#dieAsOrdered",
      },
    );

  /** A sign-up whose process dies. The response never comes, so the request is found by its id, which the page chose. */
  const killApi = async (when) => {
    const { name, email, password } = inventPerson();
    const answer = await context.call(
      "POST",
      "/v1/signup",
      { name, email, password },
      { "X-Watch-Kill": when },
    );
    const jobs = await waitFor(context.model, () => findByRequest(answer.requestId), { ms: RESTART });
    const truth = truthAfterKill(answer, jobs);
    if (jobs?.[0]) context.model.follow([jobs[0].id]);
    if (jobs?.[0]) context.select(jobs[0].id);
    narrateKill(truth, jobs);
    return { ...answer, truth };
  };

  const findByRequest = async (requestId) => {
    const { ok, body } = await context.call("GET", `/watch/jobs?requestId=${encodeURIComponent(requestId)}`);
    return ok ? body.jobs : undefined;
  };

  const narrateKill = (text, jobs) =>
    context.narrate({
      at: new Date(context.model.now()).toISOString(),
      text,
      why: "The account and its job are written by one transaction: a crash leaves both or neither.",
      source: "workers/core/enqueue.ts#createJobs",
      ...(jobs?.[0] && { jobId: jobs[0].id }),
    });

  const empty = async () => {
    const answer = await control(
      "POST",
      "broker/empty",
      {},
      {
        why: "The ledger is the source of truth. The sweep compares it with the broker.",
        source: "workers/core/sweep.ts#startSweep",
      },
    );
    const held = answer.body.held.toLocaleString("en-GB");
    return {
      ...answer,
      truth: `The broker held ${held} ${answer.body.held === 1 ? "job" : "jobs"}, and has forgotten all of them.`,
    };
  };

  const pause = async (name, paused) => {
    const answer = await control(
      "PUT",
      `queues/${name}`,
      { paused },
      {
        why: paused
          ? "No worker takes a job of this queue until it is resumed."
          : "The workers take jobs again.",
        source: "workers/core/broker.ts#openBroker",
      },
    );
    showBreaks({ paused: answer.body.paused });
    return answer;
  };

  const poison = async () => {
    const answer = await control(
      "POST",
      "poison",
      {},
      {
        why: "Crashes are counted apart from attempts: three end in the dead letter.",
        source: "workers/core/quarantine.ts#createQuarantine",
      },
    );
    show(answer.body.id);
    return answer;
  };

  const show = (id) => {
    context.model.follow([id]);
    context.select(id);
  };

  const flood = (signups = 1_000) =>
    control(
      "POST",
      "flood",
      { signups },
      {
        why: "Each sign-up commits an account and a job. The provider's limit decides how fast the mails go.",
        source: "workers/email/job.ts#email",
      },
    );

  const rain = (perSecond = 1_000, seconds = 10) =>
    control(
      "POST",
      "rain",
      { perSecond, seconds },
      {
        why: "The relay publishes up to 500 jobs at a time; two workers share them.",
        source: "workers/core/relay.ts#startRelay",
      },
    );

  const reset = async () => {
    const answer = await control(
      "POST",
      "reset",
      {},
      { why: "All providers work, and all queues are resumed.", source: "sandbox/outage.ts#Outage" },
    );
    showBreaks(answer.body);
    return answer;
  };

  return {
    control,
    provider,
    killWorker,
    killApi,
    findByRequest,
    empty,
    pause,
    poison,
    show,
    flood,
    rain,
    reset,
  };
};
