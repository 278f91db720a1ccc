import { setTimeout as sleep } from "node:timers/promises";
import { loadConfigOrExit } from "../infra/config.ts";
import { warnOrExit } from "../infra/connection-errors.ts";
import { openDatabase } from "../infra/database.ts";
import { closeOnSignal } from "../infra/lifecycle.ts";
import { createLogger } from "../infra/logging.ts";
import { checkMigrations } from "../infra/migrations.ts";
import { openTracing } from "../infra/open-tracing.ts";
import { openStorage } from "../infra/storage/open.ts";
import { traceStorage } from "../infra/storage/traced.ts";
import { createThrottle, noThrottle } from "../infra/throttle.ts";
import { startWatchdog } from "../infra/watchdog.ts";
import { openBroker, startCore, throttledWarn } from "../workers/core/index.ts";
import { createSignUp } from "./accounts/signup.ts";
import { createApp } from "./app.ts";
import { createReadiness } from "./http/readiness.ts";
import { createApiServer } from "./http/server.ts";
import { queues } from "./http/queues.ts";
import { createStreams } from "./notifications/streams.ts";
import { uploadWork } from "./uploads/work.ts";
import { createCanEncodeVideo, createVideoWork } from "./uploads/video-work.ts";

const config = loadConfigOrExit("api");
const log = createLogger("api", config.logLevel);

const database = openDatabase(config.databaseUrl, 20, warnOrExit(log, "database", "DATABASE_URL"));
const { sql } = database.jobs;
const broker = openBroker(config.queueUrl, config.queuePrefix, warnOrExit(log, "broker", "QUEUE_URL"));
const tracing = await openTracing(config, "api", log);
const core = startCore({ database: database.jobs, broker, log, tracing });
const throttle = config.throttles
  ? createThrottle(
      config.queueUrl,
      config.queuePrefix,
      sql,
      throttledWarn(log, "rate limits: a store is unavailable"),
    )
  : noThrottle;
const storage = tracing ? traceStorage(await openStorage(config)) : await openStorage(config);
const readiness = createReadiness({
  database: database.ping,
  migrations: () => checkMigrations(sql),
  broker: broker.ping,
});

const streams = createStreams(database, {
  onError: throttledWarn(log, "events: the database cannot be read"),
});

// Loaded only where it may exist: production has neither the page nor its code in memory.
const watch = config.sandbox
  ? (await import("./watch/open.ts")).openWatch({
      sql,
      jobs: core.jobs,
      queueUrl: config.queueUrl,
      queuePrefix: config.queuePrefix,
      signUp: createSignUp(config.appSecret),
      publicUrl: config.publicUrl,
      sandboxUrl: config.sandboxUrl,
      storageOrigin: storage.origin,
      onError: throttledWarn(log, "live page: the ledger cannot be read"),
    })
  : undefined;

const metrics =
  config.metricsPort === undefined
    ? undefined
    : (await import("../infra/metrics/open.ts")).openApiMetrics({
        ...{ config, log, database, broker, port: config.metricsPort },
        queues: queues.map(({ name }) => name),
        onError: throttledWarn(log, "metrics: the ledger cannot be read"),
      });

const app = createApp({
  prisma: database.prisma,
  jobs: watch?.jobs ?? core.jobs,
  throttle,
  storage,
  uploadWork: { ...uploadWork, VIDEO: createVideoWork(createCanEncodeVideo(config)) },
  streams,
  readiness,
  appSecret: config.appSecret,
  accountDeletionGrace: config.accountDeletionGrace,
  publicUrl: config.publicUrl,
  trustProxy: config.trustProxy,
  board: { queue: broker.queue, isWritable: config.adminQueuesWrite },
  watch,
  measure: metrics?.measure,
  tracing,
  log,
});

const { server, close } = createApiServer(app, log, config.keepAliveTimeoutMs);
server.listen(config.port, config.host, () => {
  log.info({ url: `http://${config.host}:${config.port}` }, "listening");
});
server.on("error", (error) => {
  log.fatal({ err: error }, `cannot listen on port ${config.port}: is it in use? Set PORT to another port`);
  process.exit(1);
});

startWatchdog(config.stuckAfterMs);
closeOnSignal(log, async () => {
  // Load balancers send requests until a probe fails, so keep serving for a while.
  readiness.close();
  await sleep(config.drainDelayMs);
  // Before the server, which waits for open responses. Clients reconnect elsewhere.
  await streams.close();
  await watch?.close();
  await close(config.shutdownGraceMs);
  await core.close(0);
  metrics?.close();
  const sent = tracing?.close();
  await broker.close();
  throttle.close();
  storage.close();
  await database.close();
  await sent;
});
