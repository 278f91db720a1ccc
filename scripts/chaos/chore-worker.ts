import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { loadConfigOrExit } from "../../infra/config.ts";
import { openDatabase, type Tx } from "../../infra/database.ts";
import { closeOnSignal } from "../../infra/lifecycle.ts";
import { createLinks } from "../../infra/links.ts";
import { createLogger } from "../../infra/logging.ts";
import { createMailer } from "../../infra/mail.ts";
import { createRenderer } from "../../infra/templates.ts";
import {
  defineWorker,
  openBroker,
  startCore,
  throttledWarn,
  type Payload,
  type Run,
} from "../../workers/core/index.ts";
import { sendEmail } from "../../workers/email/handler.ts";
import { email } from "../../workers/email/job.ts";
import { chore, fragileChore, patientChore } from "./jobs.ts";

// workers/main.ts with other modules: the whole core, on jobs that fail or kill their process on request.
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
  if (starts.length <= fails) throw new Error("told to fail");
  await run.complete(async (tx) => tx.$executeRaw`INSERT INTO "ChoreDone" VALUES (${run.id}::uuid)`);
};

const sendMail = sendEmail({
  findUser: (id) => database.prisma.user.findUnique({ where: { id } }),
  findVerification: (id) => database.prisma.emailVerification.findUnique({ where: { id } }),
  findReset: (id) => database.prisma.passwordReset.findUnique({ where: { id } }),
  findSession: (id) => database.prisma.session.findUnique({ where: { id } }),
  links: createLinks(config.publicUrl, config.appSecret),
  render: createRenderer(fileURLToPath(new URL("../../templates/compiled", import.meta.url))),
  send: createMailer(config.smtpUrl, config.mailFrom).send,
});

// Fifty kills hit one mail more often than its contract takes for an accident.
const patientEmail: typeof email = { ...email, crashes: 50 };

const workers = [
  defineWorker(chore, doChore),
  defineWorker(patientChore, doChore),
  defineWorker(fragileChore, doChore),
  defineWorker(patientEmail, sendMail),
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
  await broker.close();
  await database.close();
});
