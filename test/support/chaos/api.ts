import type { AddressInfo } from "node:net";
import { createApp } from "../../../api/app.ts";
import { createReadiness } from "../../../api/http/readiness.ts";
import { createApiServer } from "../../../api/http/server.ts";
import { createStreams } from "../../../api/notifications/streams.ts";
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

// Like api/main.ts, but each of the first transactions stops at the moment that STOP_AT lists for it. The last one
// kills the process.
const moments = process.env["STOP_AT"]?.split(",") ?? [];
let transactions = 0;
const config = loadConfigOrExit("api");
const log = createLogger("api", config.logLevel);
const database = openDatabase(config.databaseUrl, 5, throttledWarn(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, throttledWarn(log, "broker"));
const relay = startRelay(database.jobs.sql, broker, log);

const stopAt = async (transaction: number, moment: string) => {
  if (moments[transaction] !== moment) return;
  if (transaction === moments.length - 1) process.kill(process.pid, "SIGKILL");
  log.info(`stopped ${moment}`);
  await new Promise(() => {});
};

const stoppingDatabase: Database<Tx> = {
  sql: database.jobs.sql,
  transaction: async (work) => {
    const index = transactions++;
    await stopAt(index, "before BEGIN");
    const result = await database.jobs.transaction(async (tx, sql) => {
      const done = await work(tx, async (text, values) => {
        await stopAt(index, "between the inserts");
        return sql(text, values);
      });
      await stopAt(index, "before COMMIT");
      setImmediate(() => void stopAt(index, "during COMMIT"));
      return done;
    });
    await stopAt(index, "before the response");
    return result;
  },
};

const app = createApp({
  prisma: database.prisma,
  jobs: createJobs(stoppingDatabase, relay.nudge),
  throttle: noThrottle,
  storage: await openStorage(config),
  uploadWork: {},
  streams: createStreams(database, { onError: throttledWarn(log, "events") }),
  readiness: createReadiness({ database: database.ping, migrations: database.ping, broker: broker.ping }),
  appSecret: config.appSecret,
  accountDeletionGrace: config.accountDeletionGrace,
  publicUrl: config.publicUrl,
  trustProxy: 0,
  log,
});
const { server } = createApiServer(app, log, config.keepAliveTimeoutMs);
server.listen(0, "127.0.0.1", () => {
  log.info({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, "listening");
});
