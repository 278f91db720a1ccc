import { setTimeout as sleep } from "node:timers/promises";
import { loadConfigOrExit } from "../../../infra/config.ts";
import { openDatabase } from "../../../infra/database.ts";
import { createLogger } from "../../../infra/logging.ts";
import { openBroker } from "../../../workers/core/broker.ts";
import { defineWorker, type Run } from "../../../workers/core/job.ts";
import { throttledWarn } from "../../../workers/core/log.ts";
import { startRelay } from "../../../workers/core/relay.ts";
import { startSweep } from "../../../workers/core/sweep.ts";
import { startWorkers } from "../../../workers/core/worker.ts";
import { now, type Start } from "./clock.ts";
import { trivial } from "./trivial-job.ts";

// Like workers/main.ts, with a handler that tells the parent process when each run began.
const config = loadConfigOrExit("worker");
const log = createLogger("worker", config.logLevel);
const database = openDatabase(config.databaseUrl, 20, throttledWarn(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, throttledWarn(log, "broker"));

const tell = async (_payload: unknown, { id }: Run): Promise<void> => {
  const start: Start = { job: id, at: now() };
  process.send?.(start);
};

while (!(await broker.ping().then(() => true, throttledWarn(log, "waiting for the broker")))) await sleep(10);
const relay = startRelay(database.jobs.sql, broker, log);
startSweep(database.jobs.sql, broker, log, relay.nudge);
startWorkers({
  database: database.jobs,
  broker,
  workers: [defineWorker(trivial, tell)],
  log,
  nudge: relay.nudge,
});
log.info({}, "working");
process.on("disconnect", () => process.exit(0));
