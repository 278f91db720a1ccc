import { setTimeout as sleep } from "node:timers/promises";
import { loadConfigOrExit } from "../../infra/config.ts";
import { openDatabase, type Tx } from "../../infra/database.ts";
import { closeOnSignal } from "../../infra/lifecycle.ts";
import { createLogger } from "../../infra/logging.ts";
import { openBroker } from "../../workers/core/broker.ts";
import { assign, type Payload, type Run } from "../../workers/core/job.ts";
import { quietly } from "../../workers/core/log.ts";
import { startRelay } from "../../workers/core/relay.ts";
import { startSweep } from "../../workers/core/sweep.ts";
import { startWorkers } from "../../workers/core/worker.ts";
import { chore, fragileChore } from "./chaos-jobs.ts";
import { until } from "./until.ts";

// workers/main.ts with other modules: the whole core, on jobs that misbehave when told to.
const config = loadConfigOrExit("worker");
const log = createLogger("worker", config.logLevel);
const database = openDatabase(config.databaseUrl, 20, quietly(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, quietly(log, "broker"));
const { sql } = database.jobs;

const doChore = async ({ ms, fails, end }: Payload<typeof chore>, run: Run<Tx>) => {
  await sql(`INSERT INTO "ChoreStarted" VALUES ($1, $2)`, [run.id, process.pid]);
  await sleep(ms, undefined, { signal: run.signal });
  if (end === "death") process.kill(process.pid, "SIGKILL");
  if (run.attempt <= fails) throw new Error("told to fail");
  await run.complete(async (tx) => tx.$executeRaw`INSERT INTO "ChoreDone" VALUES (${run.id}::uuid)`);
};

await until("the broker answers", () => broker.ping().then(() => true));
const relay = startRelay(sql, broker, log);
const sweep = startSweep(sql, broker, log, relay.nudge);
const assignments = [assign(chore, doChore), assign(fragileChore, doChore)];
const workers = startWorkers({ database: database.jobs, broker, assignments, log, nudge: relay.nudge });
log.info({ worker: workers.id }, "working");

closeOnSignal(log, async () => {
  await workers.close(config.shutdownGraceMs);
  await sweep.close();
  await relay.close();
  await broker.close();
  await database.close();
});
