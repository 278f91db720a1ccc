import { loadConfigOrExit } from "../../../infra/config.ts";
import { openDatabase } from "../../../infra/database.ts";
import { createLogger } from "../../../infra/logging.ts";
import { openBroker, startRelay, throttledWarn, type Sql } from "../../../workers/core/index.ts";
import { insertJob } from "../core/insert-job.ts";
import { chore } from "../../../scripts/chaos/jobs.ts";

// Commits a few jobs, and kills its process when the relay has published them but not yet marked them in the ledger.
const config = loadConfigOrExit("api");
const log = createLogger("relay", config.logLevel);
const database = openDatabase(config.databaseUrl, 5, throttledWarn(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, throttledWarn(log, "broker"));
const { sql } = database.jobs;

const killBeforeMark: Sql = (text, values) => {
  if (text.includes("state = 'PUBLISHED'")) process.kill(process.pid, "SIGKILL");
  return sql(text, values);
};

for (let jobs = 0; jobs < Number(process.env["JOBS"]); jobs++) await insertJob(sql, chore, {});
startRelay(killBeforeMark, broker, log).nudge();
