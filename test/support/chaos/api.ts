import type { AddressInfo } from "node:net";
import { createApp } from "../../../api/app.ts";
import { createReadiness } from "../../../api/http/readiness.ts";
import { createApiServer } from "../../../api/http/server.ts";
import { loadConfigOrExit } from "../../../infra/config.ts";
import { openDatabase, type Tx } from "../../../infra/database.ts";
import { createLogger } from "../../../infra/logging.ts";
import { openStorage } from "../../../infra/storage/open.ts";
import { noThrottle } from "../../../infra/throttle.ts";
import {
  createJobs,
  openBroker,
  startRelay,
  throttledWarn,
  type Database,
} from "../../../workers/core/index.ts";

// api/main.ts, whose first transactions each stop at a moment, and with the last of them the process dies.
const moments = process.env["DIE"]?.split(",") ?? [];
let begun = 0;
const config = loadConfigOrExit("api");
const log = createLogger("api", config.logLevel);
const database = openDatabase(config.databaseUrl, 5, throttledWarn(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, throttledWarn(log, "broker"));
const relay = startRelay(database.jobs.sql, broker, log);

const reach = async (transaction: number, now: string) => {
  if (moments[transaction] !== now) return;
  if (transaction === moments.length - 1) process.kill(process.pid, "SIGKILL");
  log.info(`stopped ${now}`);
  await new Promise(() => {});
};

const mortal: Database<Tx> = {
  sql: database.jobs.sql,
  transaction: async (work) => {
    const me = begun++;
    await reach(me, "before BEGIN");
    const result = await database.jobs.transaction(async (tx, sql) => {
      const done = await work(tx, async (text, values) => {
        await reach(me, "between the inserts");
        return sql(text, values);
      });
      await reach(me, "before COMMIT");
      setImmediate(() => void reach(me, "during COMMIT"));
      return done;
    });
    await reach(me, "before the answer");
    return result;
  },
};

const app = createApp({
  prisma: database.prisma,
  jobs: createJobs(mortal, relay.nudge),
  throttle: noThrottle,
  storage: await openStorage(config),
  uploadWork: {},
  readiness: createReadiness({ database: database.ping, migrations: database.ping, broker: broker.ping }),
  appSecret: config.appSecret,
  publicUrl: config.publicUrl,
  trustProxy: 0,
  log,
});
const server = createApiServer(app, log).listen(0, "127.0.0.1", () => {
  log.info({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, "listening");
});
