import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { loadConfigOrExit } from "../infra/config.ts";
import { openDatabase } from "../infra/database.ts";
import { closeOnSignal } from "../infra/lifecycle.ts";
import { createLogger } from "../infra/logging.ts";
import { openStorage } from "../infra/storage/open.ts";
import { openBroker } from "./core/broker.ts";
import { throttledWarn } from "./core/log.ts";
import { startRelay } from "./core/relay.ts";
import { startSweep } from "./core/sweep.ts";
import { startWorkers } from "./core/worker.ts";
import { modules } from "./modules.ts";

const config = loadConfigOrExit("worker");
const chosen = config.workers ?? Object.keys(modules);
const unknown = chosen.filter((name) => !Object.hasOwn(modules, name));
if (unknown.length > 0) {
  console.error(
    `WORKERS: no module named ${unknown.join(", ")}. There are: ${Object.keys(modules).join(", ")}`,
  );
  process.exit(1);
}

const log = createLogger("worker", config.logLevel);
const database = openDatabase(config.databaseUrl, 20, throttledWarn(log, "database"));
const broker = openBroker(config.queueUrl, config.queuePrefix, throttledWarn(log, "broker"));
const storage = await openStorage(config);

const closing: (() => void)[] = [];
const onClose = (close: () => void) => void closing.push(close);
const infrastructure = { config, log, prisma: database.prisma, storage, onClose };
const wired = await Promise.all(
  chosen.map(async (name) => (await modules[name as keyof typeof modules]()).wire(infrastructure)),
);
const system = startSystem();

const health = createServer((_request, response) => {
  response.writeHead(system.isReady() ? 200 : 503).end();
});
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
  await system.close();
  for (const close of closing) close();
  storage.close();
  await broker.close();
  await database.close();
});

/** Starts the relay, the sweep and the workers when both servers respond: BullMQ's consumers do not recover otherwise. */
function startSystem() {
  let stopping = false;
  let ready = false;
  const start = async () => {
    const warn = throttledWarn(log, "waiting for the database and the broker");
    for (const ping of [database.ping, broker.ping]) {
      while (!(await ping().then(() => true, warn))) {
        if (stopping) return undefined;
        await sleep(500);
      }
    }
    const workers = wired.filter((worker) => worker !== undefined);
    const relay = startRelay(database.jobs.sql, broker, log);
    const sweep = startSweep(database.jobs.sql, broker, log, relay.nudge);
    const running = startWorkers({ database: database.jobs, broker, workers, log, nudge: relay.nudge });
    ready = true;
    log.info({ worker: running.id, modules: workers.map(({ job }) => job.name) }, "working");
    return { relay, sweep, running };
  };
  const started = start();
  return {
    isReady: () => ready,
    close: async () => {
      stopping = true;
      const parts = await started;
      await parts?.running.close(config.shutdownGraceMs);
      await parts?.sweep.close();
      await parts?.relay.close();
    },
  };
}
