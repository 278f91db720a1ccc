import { loadConfigOrExit } from "../../../infra/config.ts";
import { openDatabase } from "../../../infra/database.ts";
import { createLogger } from "../../../infra/logging.ts";
import { defineWorker, openBroker, startCore, throttledWarn, type Run } from "../../../workers/core/index.ts";
import { now, type Start } from "./clock.ts";
import { trivial } from "./trivial-job.ts";

// Like workers/main.ts, with a handler that sends the start time of each run to the parent process.
const config = loadConfigOrExit("worker");
const log = createLogger("worker", config.logLevel);
const database = openDatabase(config.databaseUrl, 20, throttledWarn(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, throttledWarn(log, "broker"));

const reportStart = async (_payload: unknown, { id }: Run): Promise<void> => {
  const start: Start = { job: id, at: now() };
  process.send?.(start);
};

await startCore({ database: database.jobs, broker, log, workers: [defineWorker(trivial, reportStart)] })
  .working;
log.info({}, "working");
process.on("disconnect", () => process.exit(0));
