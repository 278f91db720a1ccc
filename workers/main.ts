import { createServer } from "node:http";
import { loadConfigOrExit } from "../infra/config.ts";
import { warnOrExit } from "../infra/connection-errors.ts";
import { openDatabase } from "../infra/database.ts";
import { closeOnSignal } from "../infra/lifecycle.ts";
import { createLogger } from "../infra/logging.ts";
import { openStorage } from "../infra/storage/open.ts";
import { createJobs, openBroker, startCore } from "./core/index.ts";
import { modules } from "./modules.ts";
import { schedules } from "./schedules.ts";
import { startSchedules } from "./wiring/recurring.ts";
import { startReplays } from "./wiring/replays.ts";
import { override } from "./wiring/system-schedules.ts";

const config = loadConfigOrExit("worker");
const chosen = config.workers ?? Object.keys(modules);
const unknown = chosen.filter((name) => !Object.hasOwn(modules, name));
if (unknown.length > 0) {
  const known = Object.keys(modules).join(", ");
  console.error(`WORKERS: no module named ${unknown.join(", ")}. Available: ${known}`);
  process.exit(1);
}

const recurring = override(schedules, config.schedules);
if (recurring.unknown.length > 0) {
  const known = schedules.map(({ name }) => name).join(", ");
  console.error(`SCHEDULES: no schedule named ${recurring.unknown.join(", ")}. Available: ${known}`);
  process.exit(1);
}

const log = createLogger("worker", config.logLevel);
const database = openDatabase(config.databaseUrl, 20, warnOrExit(log, "database", "DATABASE_URL"));
const broker = openBroker(config.queueUrl, config.queuePrefix, warnOrExit(log, "broker", "QUEUE_URL"));
const storage = await openStorage(config);

const closing: (() => void)[] = [];
const onClose = (close: () => void) => void closing.push(close);
const jobs = createJobs(database.jobs, () => {}); // the relay polls
const infrastructure = { config, log, prisma: database.prisma, jobs, storage, onClose };
const wired = await Promise.all(
  chosen.map(async (name) => (await modules[name as keyof typeof modules]()).wire(infrastructure)),
);
const workers = wired.filter((worker) => worker !== undefined);
const core = startCore({ database: database.jobs, broker, workers, log });

const dispatching = startSchedules({ database: database.jobs, jobs: core.jobs, log }, recurring.table);
const replaying = startReplays(database.jobs, log);

let ready = false;
const health = createServer((_request, response) => void response.writeHead(ready ? 200 : 503).end());
if (config.healthPort !== undefined) health.listen(config.healthPort, config.host);
health.on("error", (error) => {
  log.fatal(
    { err: error },
    `cannot listen on port ${config.healthPort}: is it taken? Set HEALTH_PORT to another one`,
  );
  process.exit(1);
});

closeOnSignal(log, async () => {
  health.close();
  await dispatching.close();
  await replaying.close();
  await core.close(config.shutdownGraceMs);
  for (const close of closing) close();
  storage.close();
  await broker.close();
  await database.close();
});

/** For the live page. Loaded only where it may exist. */
const takeKillOrders = async (worker: string) => {
  const { dieAsOrdered } = await import("../infra/ordered-death.ts");
  const { listenForKill } = await import("../infra/kill-orders.ts");
  const { databaseUrl } = config;
  onClose(listenForKill({ databaseUrl, worker, log, die: dieAsOrdered }).close);
};

// Not awaited, so that importing this file does not wait for the servers.
void core.working.then((worker) => {
  ready = true;
  log.info({ worker, modules: workers.map(({ job }) => job.name) }, "working");
  if (config.sandbox) void takeKillOrders(worker);
});
