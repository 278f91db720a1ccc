import { loadConfigOrExit } from "../../../infra/config.ts";
import { openDatabase } from "../../../infra/database.ts";
import { createLogger } from "../../../infra/logging.ts";
import { openBroker, startRelay, throttledWarn, type Sql } from "../../../workers/core/index.ts";
import { insertJob } from "../core/insert-job.ts";
import { until } from "../../../scripts/processes/until.ts";
import { chore } from "../../../scripts/chaos/jobs.ts";

// Commits a few batches of jobs, each for a relay of its own, which stops when it has published its batch but not yet
// marked it in the ledger. The last one kills the process.
const config = loadConfigOrExit("api");
const log = createLogger("relay", config.logLevel);
const database = openDatabase(config.databaseUrl, 5, throttledWarn(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, throttledWarn(log, "broker"));
const { sql } = database.jobs;

// A job that is published before the connection is ready is only published a second later.
await until("the broker responds", () => broker.ping().then(() => true));

const batches = process.env["BATCHES"]?.split(",").map(Number) ?? [];

for (const [index, jobs] of batches.entries()) {
  const unpublished = new Set<string>();
  for (let count = 0; count < jobs; count++) unpublished.add(await insertJob(sql, chore, {}));
  await new Promise<void>((stopped) => {
    const stopBeforeMark: Sql = async (text, values) => {
      if (!text.includes("SET state = 'PUBLISHED'")) return sql(text, values);
      // A claim may leave a job to the next one, for example because the clock of the machine was set back.
      for (const id of values[0] as string[]) unpublished.delete(id);
      if (unpublished.size > 0) return [];
      if (index === batches.length - 1) process.kill(process.pid, "SIGKILL");
      stopped();
      return new Promise(() => {});
    };
    startRelay(stopBeforeMark, broker, log).nudge();
  });
}
