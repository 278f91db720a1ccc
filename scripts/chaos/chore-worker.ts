import { setTimeout as sleep } from "node:timers/promises";
import { loadConfigOrExit } from "../../infra/config.ts";
import { openDatabase, type Tx } from "../../infra/database.ts";
import { closeOnSignal } from "../../infra/lifecycle.ts";
import { createLogger } from "../../infra/logging.ts";
import { openStorage } from "../../infra/storage/open.ts";
import {
  createJobs,
  defineWorker,
  openBroker,
  startCore,
  throttledWarn,
  type Payload,
  type Run,
} from "../../workers/core/index.ts";
import { email } from "../../workers/email/job.ts";
import { pushNotify } from "../../workers/push-notify/job.ts";
import { wire as wireEmail } from "../../workers/wiring/email.ts";
import { wire as wirePushNotify } from "../../workers/wiring/push-notify.ts";
import { chore, fragileChore, patientChore } from "./jobs.ts";

// Runs email, push-notify and the chores, which fail or kill this process on request. Set up like workers/main.ts.
const config = loadConfigOrExit("worker");
const log = createLogger("worker", config.logLevel);
const database = openDatabase(config.databaseUrl, 20, throttledWarn(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, throttledWarn(log, "broker"));
const { sql } = database.jobs;

const doChore = async ({ ms, fails, end }: Payload<typeof chore>, run: Run<Tx>) => {
  await sql(`INSERT INTO "ChoreStarted" VALUES ($1, $2)`, [run.id, process.pid]);
  const starts = await sql(`SELECT FROM "ChoreStarted" WHERE id = $1`, [run.id]);
  await sleep(ms, undefined, { signal: run.signal });
  if (end === "death") process.kill(process.pid, "SIGKILL");
  if (starts.length <= fails) throw new Error("failed on request");
  await run.complete(async (tx) => tx.$executeRaw`INSERT INTO "ChoreDone" VALUES (${run.id}::uuid)`);
};

const storage = await openStorage(config);
const closing: (() => void)[] = [];
const onClose = (close: () => void) => void closing.push(close);
const jobs = createJobs(database.jobs, () => {});
const infrastructure = { config, log, prisma: database.prisma, jobs, storage, onClose };
const { handler: sendMail } = wireEmail(infrastructure);
const { handler: sendPushes } = await wirePushNotify(infrastructure);

// In a long run, one job can be interrupted by more kills than its default limit of crashes.
const patientEmail: typeof email = { ...email, crashes: 50 };
const patientPushNotify: typeof pushNotify = { ...pushNotify, crashes: 50 };

const workers = [
  defineWorker(chore, doChore),
  defineWorker(patientChore, doChore),
  defineWorker(fragileChore, doChore),
  defineWorker(patientEmail, sendMail),
  defineWorker(patientPushNotify, sendPushes),
];
const lockDuration = Number(process.env["LOCK_DURATION"] ?? 10_000);
const core = startCore({
  database: database.jobs,
  broker,
  workers: workers.filter(({ job }) => config.workers?.includes(job.name) ?? true),
  log,
  lockDuration,
  stalledInterval: lockDuration / 2,
});
void core.working.then((worker) => log.info({ worker }, "working"));

closeOnSignal(log, async () => {
  await core.close(config.shutdownGraceMs);
  for (const close of closing) close();
  storage.close();
  await broker.close();
  await database.close();
});
