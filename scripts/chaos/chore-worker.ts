import { setTimeout as sleep } from "node:timers/promises";
import { loadConfigOrExit } from "../../infra/config.ts";
import { openDatabase, type Tx } from "../../infra/database.ts";
import { closeOnSignal } from "../../infra/lifecycle.ts";
import { createLogger } from "../../infra/logging.ts";
import { openStorage } from "../../infra/storage/open.ts";
import { openBroker } from "../../workers/core/broker.ts";
import { defineWorker, type Payload, type Run } from "../../workers/core/job.ts";
import { throttledWarn } from "../../workers/core/log.ts";
import { startRelay } from "../../workers/core/relay.ts";
import { startSweep } from "../../workers/core/sweep.ts";
import { startWorkers } from "../../workers/core/worker.ts";
import { email } from "../../workers/email/job.ts";
import { wire as wireEmail } from "../../workers/wiring/email.ts";
import { chore, fragileChore, patientChore } from "./jobs.ts";

// Like workers/main.ts, with jobs that misbehave on request, and without waiting for the servers.
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
const { handler: sendMail } = wireEmail({ config, log, prisma: database.prisma, storage, onClose });

// Fifty kills hit one mail more often than its job definition allows.
const patientEmail: typeof email = { ...email, crashes: 50 };

const relay = startRelay(sql, broker, log);
const sweep = startSweep(sql, broker, log, relay.nudge);
const workers = [
  defineWorker(chore, doChore),
  defineWorker(patientChore, doChore),
  defineWorker(fragileChore, doChore),
  defineWorker(patientEmail, sendMail),
];
const lockDuration = Number(process.env["LOCK_DURATION"] ?? 10_000);
const running = startWorkers({
  database: database.jobs,
  broker,
  workers: workers.filter(({ job }) => config.workers?.includes(job.name) ?? true),
  log,
  nudge: relay.nudge,
  lockDuration,
  stalledInterval: lockDuration / 2,
});
log.info({ worker: running.id }, "working");

closeOnSignal(log, async () => {
  await running.close(config.shutdownGraceMs);
  await sweep.close();
  await relay.close();
  for (const close of closing) close();
  storage.close();
  await broker.close();
  await database.close();
});
