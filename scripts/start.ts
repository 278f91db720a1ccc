import type { ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";
import { styleText } from "node:util";
import { loadConfigOrExit } from "../infra/config.ts";
import { startPostgres } from "./embedded-postgres.ts";
import { migrate } from "./migrate.ts";
import { endedWithParent } from "./parent-death.ts";
import { freePort, isFree } from "./ports.ts";
import { say, type Speaker } from "./start-output.ts";
import { startService } from "./start-service.ts";

// npm start: the whole system in one terminal. npm run dev (--watch): the same, restarting what you change.

const root = join(import.meta.dirname, "..");
const isWatching = process.argv.includes("--watch");
const config = loadConfigOrExit("system");
const isEmbedded = !process.env["DATABASE_URL"];
const healthPort = config.healthPort ?? (await freePort());
const apiUrl = `http://127.0.0.1:${config.port}`;
const inboxUrl = `http://127.0.0.1:${config.sandboxHttpPort}`;

// Disposed in reverse: workers, API, sandbox, PostgreSQL.
const running = new AsyncDisposableStack();
const killers: (() => void)[] = [];
let endingSince = 0;

const start = async () => {
  await refuseTakenPorts();
  const database = isEmbedded ? startDatabase() : undefined;
  const sandbox = serve("sandbox", `${inboxUrl}/api/messages`);
  await database;
  await migrate(config);
  const services = [
    sandbox,
    serve("api", `${apiUrl}/healthz`),
    serve("workers", `http://127.0.0.1:${healthPort}/healthz`),
  ];
  await Promise.all(services.map((service) => service.untilHealthy(isWatching ? Infinity : 60_000)));
  if (!endingSince) announce();
};

const refuseTakenPorts = async () => {
  const wanted = {
    PORT: config.port,
    SANDBOX_SMTP_PORT: config.sandboxSmtpPort,
    SANDBOX_HTTP_PORT: config.sandboxHttpPort,
    HEALTH_PORT: healthPort,
  };
  const problems = [];
  for (const [variable, port] of Object.entries(wanted)) {
    if (!(await isFree(port, config.host)))
      problems.push(`Port ${port} is taken: set ${variable} to a free one.`);
  }
  if (problems.length > 0) throw new Error([...problems, "Or is Offstage running already?"].join("\n"));
};

const startDatabase = async () => {
  const starting = startPostgres({
    folder: resolve(root, config.dataFolder, "postgres"),
    port: config.databasePort,
    settings: { max_connections: 300 },
  });
  running.defer(async () => (await starting.catch(() => undefined))?.stop());
  watchOver("postgres", (await starting).process, "SIGQUIT");
};

const serve = (name: "sandbox" | "api" | "workers", healthUrl: string) => {
  if (endingSince) throw new Error("ending");
  const watch = isWatching ? ["--watch", "--watch-preserve-output"] : [];
  const service = startService({
    name,
    command: [
      ...(isWatching ? endedWithParent("TERM") : []),
      process.execPath,
      ...watch,
      join(root, name, "main.ts"),
    ],
    // Here no load balancer has to notice first. Without the second, glibc keeps what image-resize frees (its README).
    env: { DRAIN_DELAY_MS: "0", MALLOC_ARENA_MAX: "2", ...process.env, HEALTH_PORT: String(healthPort) },
    healthUrl,
  });
  running.defer(service.stop);
  watchOver(name, service.process, "SIGKILL");
  return service;
};

const watchOver = (name: Speaker, child: ChildProcess, deadly: NodeJS.Signals) => {
  killers.push(() => child.kill(deadly));
  child.on("close", (code, signal) => {
    if (!endingSince) fail(`${name} has ended (${signal ?? `exit code ${code}`}), so everything is stopped.`);
  });
};

const announce = () => {
  const rows = {
    API: `${apiUrl} (its pages: /, /login, /uploads; its description: /docs)`,
    Inbox: config.smtpUrl === process.env["SMTP_URL"] ? `${inboxUrl} (but mail goes to SMTP_URL)` : inboxUrl,
    PostgreSQL: isEmbedded
      ? `${config.databaseUrl} (embedded, data in ${config.dataFolder}/postgres)`
      : withoutPassword(config.databaseUrl),
    Files: config.storageUrl,
    Queues: config.queueUrl === config.databaseUrl ? "in PostgreSQL" : withoutPassword(config.queueUrl),
  };
  const table = Object.entries(rows).map(
    ([name, value]) => `  ${styleText("bold", name.padEnd(12))}${value}\n`,
  );
  const seconds = (Date.now() - Number(process.env["STARTED_AT"] ?? performance.timeOrigin)) / 1000;
  process.stdout.write(`\n${table.join("")}\nready in ${seconds.toFixed(1)} s\n`);
};

const withoutPassword = (url: string) => url.replace(/:[^:@/]*@/, ":…@");

const fail = (reason: string) => {
  say("offstage", styleText("red", reason));
  void end(1);
};

const end = async (code: number) => {
  endingSince = Date.now();
  await running.disposeAsync();
  process.exit(code);
};

/** The first Ctrl-C stops all in order, a second one at once. npm and the terminal both deliver the first. */
const interrupt = () => {
  if (!endingSince) {
    say("offstage", "stopping …");
    return void end(0);
  }
  if (Date.now() - endingSince < 1_000) return;
  for (const kill of killers) kill();
  process.exit(1);
};

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const) process.on(signal, interrupt);

await start().catch((error: unknown) => {
  if (!endingSince) fail(error instanceof Error ? error.message : String(error));
});
