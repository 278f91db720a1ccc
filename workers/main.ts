import { loadConfigOrExit } from "../infra/config.ts";
import { warnOrExit } from "../infra/connection-errors.ts";
import { openDatabase } from "../infra/database.ts";
import { closeOnSignal } from "../infra/lifecycle.ts";
import { createLogger } from "../infra/logging.ts";
import { openTracing } from "../infra/open-tracing.ts";
import { openStorage } from "../infra/storage/open.ts";
import { startWatchdog } from "../infra/watchdog.ts";
import { traceStorage } from "../infra/storage/traced.ts";
import { createJobs, openBroker, startCore } from "./core/index.ts";
import { serveHealth } from "./health.ts";
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
const tracing = await openTracing(config, "worker", log);
const storage = tracing ? traceStorage(await openStorage(config)) : await openStorage(config);

const closing: (() => void)[] = [];
const onClose = (close: () => void) => void closing.push(close);
const jobs = createJobs(database.jobs, () => {}); // the relay polls
const infrastructure = { config, log, prisma: database.prisma, jobs, storage, onClose };
const wired = await Promise.all(
  chosen.map(async (name) => (await modules[name as keyof typeof modules]()).wire(infrastructure)),
);
const workers = wired.filter((worker) => worker !== undefined);
const metrics =
  config.metricsPort === undefined
    ? undefined
    : (await import("../infra/metrics/open.ts")).openWorkerMetrics({
        ...{ config, log, database, broker, port: config.metricsPort },
        queues: workers.map(({ job }) => job.name),
      });
let shutDown = (_cause: string) => {};
const core = startCore({
  ...{ database: database.jobs, broker, workers, log, tracing },
  ...(metrics && { observe: metrics.observe }),
  stuckAfter: 2 * config.stuckAfterMs,
  onStuck: (queue) => shutDown(`the consumer of ${queue} is stuck`),
});
startWatchdog(config.stuckAfterMs);

const dispatching = startSchedules({ database: database.jobs, jobs: core.jobs, log }, recurring.table);
const replaying = startReplays(database.jobs, log);

const health = serveHealth(core.health, config, log);
const scrapes = metrics?.serve(core.health);

shutDown = closeOnSignal(log, async () => {
  health?.close();
  await dispatching.close();
  await replaying.close();
  await core.close(config.shutdownGraceMs);
  for (const close of closing) close();
  storage.close();
  // Late, so that the last counts of the drain, and a stuck consumer, are scraped.
  scrapes?.close();
  const sent = tracing?.close();
  await broker.close();
  await database.close();
  await sent;
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
  log.info({ worker, modules: workers.map(({ job }) => job.name) }, "working");
  if (config.sandbox) void takeKillOrders(worker);
});
