import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import { loadConfigOrExit } from "../infra/config.ts";
import { startPostgres } from "./embedded-postgres.ts";
import { migrate } from "./migrate.ts";
import { freePort, isBlocked, isFree } from "./ports.ts";
import { say, type Speaker } from "./start-output.ts";
import { endOf, type Service, startService } from "./start-service.ts";
import { watchPrograms } from "./watch-programs.ts";

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
  await refuseUnusablePorts();
  const database = isEmbedded ? startDatabase() : undefined;
  const sandbox = serve("sandbox", `${inboxUrl}/api/messages`);
  await database;
  await migrate(config);
  const services = {
    sandbox,
    api: serve("api", `${apiUrl}/healthz`),
    workers: serve("workers", `http://127.0.0.1:${healthPort}/healthz`),
  };
  if (isWatching) running.defer(restartAtChanges(services));
  const patience = isWatching ? Infinity : 60_000;
  await Promise.all(Object.values(services).map((service) => service.untilHealthy(patience)));
  if (!endingSince) announce();
};

/** The folders whose programs each of them imports. */
const sources = {
  sandbox: ["sandbox", "infra"],
  api: ["api", "infra", "workers", "prisma"],
  workers: ["workers", "infra", "prisma"],
};

const restartAtChanges = (services: Record<keyof typeof sources, Service>) => {
  const folders = [...new Set(Object.values(sources).flat())].map((folder) => join(root, folder));
  return watchPrograms(folders, (paths) => {
    const files = paths.map((path) => relative(root, path));
    for (const name of Object.keys(sources) as (keyof typeof sources)[]) {
      const cause = files.find((file) => sources[name].includes(file.split(sep)[0] ?? ""));
      if (!cause || endingSince) continue;
      say(name, `restarting: ${cause} has changed`);
      void services[name].restart();
    }
  });
};

const refuseUnusablePorts = async () => {
  const wanted = Object.entries({
    PORT: config.port,
    SANDBOX_SMTP_PORT: config.sandboxSmtpPort,
    SANDBOX_HTTP_PORT: config.sandboxHttpPort,
    HEALTH_PORT: healthPort,
  });
  const problems = [];
  const taken = [];
  for (const [variable, port] of wanted) {
    const [first] = wanted.find((each) => each[1] === port) ?? [variable];
    if (first !== variable) problems.push(`${first} and ${variable} are both ${port}: change one of them.`);
    else if (!(await isFree(port, config.host)))
      taken.push(`Port ${port} is taken: set ${variable} to a free one.`);
    else if (variable !== "SANDBOX_SMTP_PORT" && (await isBlocked(port)))
      problems.push(`Browsers refuse to open port ${port}: set ${variable} to another one.`);
  }
  if (taken.length > 0) taken.push("Or is Offstage running already?");
  if (problems.length + taken.length > 0) throw new Error([...problems, ...taken].join("\n"));
};

const startDatabase = async () => {
  const starting = startPostgres({
    folder: resolve(root, config.dataFolder, "postgres"),
    port: config.databasePort,
    settings: { max_connections: 300 },
  });
  running.defer(async () => (await starting.catch(() => undefined))?.stop());
  const { process: postgres } = await starting;
  killers.push(() => postgres.kill("SIGQUIT"));
  postgres.on("close", (code, signal) => failFor("postgres", endOf(code, signal)));
};

const serve = (name: "sandbox" | "api" | "workers", healthUrl: string) => {
  if (endingSince) throw new Error("ending");
  const service = startService({
    name,
    command: [process.execPath, join(root, name, "main.ts")],
    // Here no load balancer has to notice first. Without the second, glibc keeps what image-resize frees (its README).
    env: { DRAIN_DELAY_MS: "0", MALLOC_ARENA_MAX: "2", ...process.env, HEALTH_PORT: String(healthPort) },
    healthUrl,
    onEnd: (how) => {
      if (isWatching) say(name, styleText("red", `has ended (${how}): the next change starts it again`));
      else failFor(name, how);
    },
  });
  running.defer(service.stop);
  killers.push(service.kill);
  return service;
};

const failFor = (name: Speaker, how: string) => {
  if (!endingSince) fail(`${name} has ended (${how}), so everything is stopped.`);
};

const announce = () => {
  const rows = {
    API: `${apiUrl} (its pages: /, /login, /uploads; its description: /docs)`,
    Inbox: config.smtpUrl === process.env["SMTP_URL"] ? `${inboxUrl} (but mail goes to SMTP_URL)` : inboxUrl,
    PostgreSQL: isEmbedded
      ? `${config.databaseUrl} (embedded, in ${config.dataFolder}/postgres)`
      : withoutPassword(config.databaseUrl),
    Files: config.storageUrl.startsWith("file:") ? fileURLToPath(config.storageUrl) : config.storageUrl,
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
