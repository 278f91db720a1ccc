import { createServer } from "node:http";
import { loadConfigOrExit } from "../infra/config.ts";
import { openDatabase } from "../infra/database.ts";
import { closeOnSignal } from "../infra/lifecycle.ts";
import { createLogger } from "../infra/logging.ts";
import { openBroker } from "../workers/core/broker.ts";
import { createJobs } from "../workers/core/jobs.ts";
import { quietly } from "../workers/core/log.ts";
import { startRelay } from "../workers/core/relay.ts";
import { createApp } from "./app.ts";

const config = loadConfigOrExit("api");
const log = createLogger("api", config.logLevel);

const database = openDatabase(config.databaseUrl, 20, quietly(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, quietly(log, "broker"));
const relay = startRelay(database.jobs.sql, broker, log);

const app = createApp({
  prisma: database.prisma,
  ping: database.ping,
  jobs: createJobs(database.jobs, relay.nudge),
  appSecret: config.appSecret,
  trustProxy: config.trustProxy,
  log,
});

const server = createServer(app).listen(config.port, config.host, () => {
  log.info({ url: `http://${config.host}:${config.port}` }, "listening");
});
server.on("error", (error) => {
  log.fatal({ err: error }, `cannot listen on port ${config.port}: is it taken? Set PORT to another one`);
  process.exit(1);
});

closeOnSignal(log, async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeIdleConnections();
  });
  await relay.close();
  await broker.close();
  await database.close();
});
