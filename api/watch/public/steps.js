import * as checks from "./checks.js";
import { readBooks } from "./verdict.js";

/**
 * The twelve steps. `predict` are the outcomes to choose from; `run` performs the step and resolves with evidence from
 * the ledger; `check` says which outcome has happened. `source` leads to the code.
 */
export const STEPS = [
  {
    name: "one-off",
    title: "A job of its own",
    question: "You sign up. What exists when the response comes?",
    predict: [
      "The account and a job for its mail, committed together",
      "The account, and the mail has been sent already",
      "Only the account: the mail is sent if the process lives long enough",
    ],
    run: async ({ signUp, untilEnded, model, breakages, follow }) => {
      const { answer } = await signUp();
      const answeredAt = model.now();
      const [found] = (await breakages.findByRequest(answer.requestId)) ?? [];
      if (!found) return { answer, answeredAt };
      follow([found.id]);
      return { answer, answeredAt, job: await untilEnded(found.id) };
    },
    check: checks.oneOff,
    look: "Follow the ring in the lane email: in the ledger, with the broker, running, done.",
    why: "A response that waits for the mail provider is as slow and as broken as the provider. A mail sent after the response, but noted nowhere, is lost with the process. So the job is a row, written by the transaction of the account.",
    source: ["api/accounts/signup.ts#signupRoutes", "workers/core/enqueue.ts#createJobs"],
  },
  {
    name: "recurring",
    title: "What recurs",
    question:
      "A report is due at each full minute, and several workers look at the clock. How many jobs does one minute get?",
    predict: ["One", "One from each worker", "None, if the minute has passed before a worker looks"],
    run: async ({ acts, noteSchedule, until, signal, model, say }) => {
      noteSchedule();
      const { body } = await acts.schedule({ signal });
      say("Waiting for the next full minute.");
      const ofSchedule = () =>
        [...model.jobs.values()].filter(({ payload }) => payload?.scheduleId === body.id);
      await until(() => (ofSchedule().length > 0 ? true : undefined), 75_000);
      return { jobs: ofSchedule(), workers: model.workers.filter(({ alive }) => alive).length };
    },
    check: checks.recurring,
    look: "The list of recurring jobs counts down. At zero, a batch with one report appears.",
    why: "A schedule is a row with the time of its next run. Whichever worker finds it due locks the row, enqueues the job under a key made of the schedule and the minute, and moves the row on, all in one transaction.",
    source: ["workers/schedule-dispatch/handler.ts#dispatchSchedules", "infra/time/slots.ts#slotsAfter"],
  },
  {
    name: "chain",
    title: "A chain with a fan-in",
    question: "A video becomes several renditions, frames and subtitles, in parallel. When is it published?",
    predict: [
      "After the last of these parts has ended",
      "After the first rendition; the rest follows",
      "After a fixed time",
    ],
    run: async ({ acts, until, readJob, signal }) => {
      const { jobIds } = await acts.video({ signal });
      let jobs = [];
      await until(async () => {
        const read = await readJob(jobIds[0]);
        if (read) jobs = [read.job, ...read.related.filter(({ id }) => id !== read.job.id)];
        return (
          jobs.some(
            ({ name, phase, finishedAt }) => phase === "dead" || (name === "video-publish" && finishedAt),
          ) || undefined
        );
      }, 60_000);
      return { jobs };
    },
    check: checks.chain,
    look: "The tree of the job: its branches end one by one, then the trunk starts.",
    why: "The parent waits in the ledger. The transaction that ends a child counts the ones that are left, and the last one makes the parent due. No process has to stay alive to wait.",
    source: ["workers/core/ledger/flow.ts#advanceParent", "workers/core/enqueue.ts#prepareFlow"],
  },
  {
    name: "batch",
    title: "A batch",
    question:
      "1,000 jobs are enqueued as a batch. Right after them, you enqueue one more of the same kind. When is it done?",
    predict: [
      "Before the batch",
      "After the batch: first in, first out",
      "It is refused while the batch is open",
    ],
    run: async ({ breakages, untilEnded, until, model, context }) => {
      const { body } = await breakages.control("POST", "batch", { count: 1_000 }, BATCH_REQUEST);
      const single = await breakages.control("POST", "ordered", { count: 1 }, SINGLE_REQUEST);
      const id = single.body.ids[0];
      breakages.show(id);
      const ended = await untilEnded(id);
      const find = () => model.batches.find((each) => each.id === body.id);
      const { open = 0, total = 1_000 } = (await until(find, 5_000)) ?? {};
      context.say(`${open} jobs of the batch are open.`);
      return { single: ended, open, total };
    },
    check: checks.batch,
    look: "The bar of the batch fills while your job passes it.",
    why: "Jobs of a batch have a lane of their own in the relay and a low priority, and about 1,000 of them are with the broker at a time. What a user waits for does not stand in line behind a mailing.",
    source: ["workers/core/relay.ts#startRelay", "workers/core/ledger/batches.ts#addToBatch"],
  },
  {
    name: "retry",
    title: "Retry and backoff",
    question: "The mail provider is down for some seconds, and you sign up. What becomes of the mail?",
    predict: ["It goes out later, after retries", "It is lost", "The sign-up fails"],
    run: async ({ setProvider, signUp, untilJob, untilEnded, say }) => {
      await setProvider("mail", "refuse");
      const { answer, id } = await signUp();
      const failures = ({ history }) => history.filter(({ outcome }) => outcome === "retry").length;
      const job = await untilJob(id, (seen) => failures(seen) >= 2, 25_000);
      say(`${failures(job)} attempts have failed. The provider is repaired.`);
      await setProvider("mail", "off");
      return { answer, job: await untilEnded(id) };
    },
    check: checks.retry,
    look: "The ring in “again” empties until the next attempt; each gap is about twice as long.",
    why: "A broken provider is the normal case. The handler throws, and core sets the job back: after about 1, 2, 4, 8 … seconds, with some randomness, so that a thousand jobs do not return at the same moment.",
    source: ["workers/core/outcome.ts#classify", "workers/email/job.ts#email"],
  },
  {
    name: "visibility-timeout",
    title: "A worker dies",
    question: "A worker is killed in the middle of a job. When does another one take it over?",
    predict: ["After some seconds, when its lock has ended", "At once", "Never: the job stays “running”"],
    run: async ({ setProvider, signUp, untilJob, untilEnded, breakages, model, say }) => {
      await setProvider("mail", "hang");
      const { id } = await signUp();
      const running = await untilJob(id, ({ phase }) => phase === "running", 20_000);
      const killedAt = model.now();
      await breakages.killWorker(running.startedBy);
      await setProvider("mail", "off");
      say("The worker is dead, and its job still seems to run. Watch its heart.");
      await untilJob(id, ({ crashes }) => crashes > 0, 45_000);
      return { job: await untilEnded(id, 20_000), killed: running.startedBy, killedAt };
    },
    check: checks.visibility,
    look: "The worker's desk turns grey. Its job waits for the lock to end, then moves to the other desk.",
    why: "A dead process says nothing, so others can only notice its silence. The lock of the job ends without renewals, and the heartbeat shows who is alive. Too short a time would run a job twice because its worker was slow.",
    source: ["workers/core/delivery.ts#createDeliveries", "workers/core/ledger/processes.ts#beat"],
  },
  {
    name: "idempotency",
    title: "The same request twice",
    question:
      "The response is lost, so the browser sends the same sign-up again, with the same Idempotency-Key. What happens?",
    predict: ["The same answer, and one job", "Two jobs, so two mails", "The second request is refused"],
    run: async ({ signUp, breakages }) => {
      const headers = { "Idempotency-Key": crypto.randomUUID() };
      const { answer: first, who } = await signUp({ headers });
      const { answer: second } = await signUp({ headers, who });
      const jobs = await Promise.all(
        [first, second].map(({ requestId }) => breakages.findByRequest(requestId)),
      );
      return { answers: [first, second], jobs: jobs.flatMap((found) => found ?? []) };
    },
    check: checks.idempotency,
    look: "Two requests in the story, and one ring in the lane.",
    why: "The key and the response are stored by the transaction of the sign-up. A second request with the key finds them, does nothing and gets the same response. So sending again is safe, and a lost response is no question.",
    source: ["api/http/idempotency.ts#createIdempotency", "workers/core/ledger/insert.ts#insertJob"],
  },
  {
    name: "ordering",
    title: "In order",
    question: "Twelve jobs of one person are enqueued, and two workers are free. How do they run?",
    predict: [
      "One at a time, in order",
      "In order, but several at the same time",
      "As they come: the order may change",
    ],
    run: async ({ breakages, untilAllEnded, follow }) => {
      const { body } = await breakages.control("POST", "ordered", { count: 12 }, ORDERED_REQUEST);
      follow(body.ids);
      return { jobs: await untilAllEnded(body.ids) };
    },
    check: checks.ordering,
    look: "One ring of the key runs; the others wait for their turn, whichever worker is free.",
    why: "The jobs share an ordering key. Of each key, one job is with the broker, and the transaction that ends it makes the next one due. A queue alone keeps no order: two workers, or one retry, are enough to swap two jobs.",
    source: ["workers/core/ledger/order.ts#promoteNext", "workers/push-notify/job.ts#pushNotify"],
  },
  {
    name: "rate-limit",
    title: "The provider's limit",
    question: "50 people sign up at once. The provider allows 14 mails a second. What happens to the rest?",
    predict: ["They wait, and no attempt is spent", "They fail and are tried again", "All 50 go out at once"],
    run: async ({ breakages, untilAllEnded, follow, model }) => {
      const { body } = await breakages.control("POST", "limited", { count: 50 }, LIMITED_REQUEST);
      follow(body.ids.slice(-12));
      const perSecond = perSecondOf(model.queues.get("email")) ?? 14;
      return { jobs: await untilAllEnded(body.ids, 40_000), perSecond };
    },
    check: checks.rateLimit,
    look: "The lane email empties evenly, however many workers there are.",
    why: "The limit belongs to the queue, not to a process: all workers share it. A job that has to wait for it is not started, so it spends no attempt and holds no slot.",
    source: ["workers/email/job.ts#email", "workers/core/pause.ts#limitQueue"],
  },
  {
    name: "dead-letter",
    title: "The dead letter",
    question: "The provider says that it will never accept this mail. What becomes of the job?",
    predict: [
      "It is kept, and can be given back",
      "It is tried again until its attempts are used up",
      "It is dropped",
    ],
    run: async ({ setProvider, signUp, untilEnded, untilJob, breakages, say }) => {
      await setProvider("mail", "reject");
      const { id } = await signUp();
      const dead = await untilEnded(id);
      await setProvider("mail", "off");
      say("The job is in the dead letter. The provider is repaired, and the job is given back.");
      await breakages.control("POST", `jobs/${id}/retry`, {}, REPLAY_REQUEST);
      return { dead, replayed: await untilJob(id, ({ phase }) => phase === "done") };
    },
    check: checks.deadLetter,
    look: "The shelf of the dead letter: the provider's own words, and a button to give the job back.",
    why: "An answer that will not change is not asked for again. But a job is never dropped: it stays for 30 days, a person decides, and a replay keeps its id and its history.",
    source: ["workers/core/errors.ts#PermanentError", "workers/core/ledger/dead-letter.ts#replayJobs"],
  },
  {
    name: "scaling-out",
    title: "More workers",
    question: "500 jobs come in five seconds, and two workers run. Who does them?",
    predict: ["Both, each job once", "The one that started first", "Both, and some jobs twice"],
    run: async ({ breakages, model, until, rest }) => {
      const before = completedBy(model.workers);
      const { body } = await breakages.rain(100, 5);
      const done = () => model.breaks.flood?.id === body.id && model.breaks.flood.endedAt;
      await until(() => done() || undefined, 20_000);
      const accepted = model.breaks.flood.accepted;
      const all = () =>
        sharesOf(before, model).reduce((sum, { completed }) => sum + completed, 0) >= accepted;
      await until(() => all() || undefined, 20_000);
      await rest(3_500);
      return { accepted, shares: sharesOf(before, model) };
    },
    check: checks.scalingOut,
    look: "The desks of the workers: their counts grow together. `docker compose up --scale worker-email=3` adds desks.",
    why: "Workers do not know each other. Each takes the next job from the broker, and the start in the ledger refuses a job that another one runs. So capacity is a number of processes.",
    source: ["workers/core/ledger/runs.ts#startJobs", "workers/core/worker.ts#startWorkers"],
  },
  {
    name: "monitoring",
    title: "What to watch",
    question:
      "The provider is down for a few seconds while 20 people sign up. Which number is not zero in the end?",
    predict: ["Lost jobs", "Mails that came twice", "Failed attempts"],
    run: async ({ setProvider, breakages, untilAllEnded, untilJob, follow, model, context }) => {
      await setProvider("mail", "refuse");
      const since = new Date(model.now()).toISOString();
      const { body } = await breakages.control("POST", "limited", { count: 20 }, LIMITED_REQUEST);
      follow(body.ids.slice(-12));
      await untilJob(
        body.ids[0],
        ({ history }) => history.some(({ outcome }) => outcome === "retry"),
        20_000,
      );
      await setProvider("mail", "off");
      const jobs = await untilAllEnded(body.ids, 40_000);
      return { jobs, accepted: body.ids.length, books: await readBooks(context, since) };
    },
    check: checks.monitoring,
    look: "The books in the header: accepted = done + dead + open, counted in three places.",
    why: "Failed attempts are normal and need no alarm. Worth one: the age of the oldest job that is due, a dead letter that grows, and no living worker for a queue.",
    source: ["workers/core/outcome.ts#observeWith", "workers/core/ledger/processes.ts#beat"],
  },
];

const BATCH_REQUEST = {
  why: "One transaction has written the batch and its jobs.",
  source: "workers/core/enqueue-many.ts#prepareMany",
};
const SINGLE_REQUEST = {
  why: "A job of the same queue, in no batch.",
  source: "workers/core/enqueue.ts#prepareJob",
};
const ORDERED_REQUEST = {
  why: "Jobs with one ordering key, in one transaction.",
  source: "workers/core/ledger/order.ts#lockKeys",
};
const LIMITED_REQUEST = {
  why: "Each sign-up has committed an account and a job.",
  source: "api/accounts/signup.ts#signupRoutes",
};
const REPLAY_REQUEST = {
  why: "The job is due again, under the next epoch.",
  source: "workers/core/ledger/dead-letter.ts#replayJobs",
};

const perSecondOf = (queue) => queue?.rateLimit && queue.rateLimit.max / (queue.rateLimit.per / 1_000);

const completedBy = (workers) =>
  new Map(workers.map(({ id, about }) => [id, about?.queues?.["demo-task"]?.completed ?? 0]));

const sharesOf = (before, model) =>
  [...completedBy(model.workers)]
    .map(([id, completed]) => ({ name: model.workerName(id), completed: completed - (before.get(id) ?? 0) }))
    .filter(({ completed }) => completed > 0);
