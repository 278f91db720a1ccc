import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import { loadConfigOrExit } from "../infra/config.ts";
import { createRenderer } from "../infra/templates.ts";
import { startPostgres } from "./postgres/embedded.ts";
import { migrate } from "./migrate.ts";
import { freePort, portProblems, urlHost } from "./processes/ports.ts";
import { type ProgramName, print } from "./start/output.ts";
import { type Service, startService } from "./start/service.ts";
import { compileTemplates } from "./templates.ts";
import { watchPrograms } from "./start/watch-programs.ts";

// npm start: runs the whole system in one terminal. npm run dev (--watch): also restarts the programs that you change.

const root = join(import.meta.dirname, "..");
const isWatching = process.argv.includes("--watch");
const config = loadConfigOrExit("system");
const isEmbedded = !process.env["DATABASE_URL"];
// The first worker gets HEALTH_PORT if it is set. The others get a free port each.
const otherPorts = [config.port, config.sandboxSmtpPort, config.sandboxHttpPort, config.databasePort];
const healthPorts = config.healthPort === undefined ? [] : [config.healthPort];
while (healthPorts.length < config.workerProcesses)
  healthPorts.push(await freePort([...otherPorts, ...healthPorts]));
// The API, then the workers.
const metricsPorts: number[] = [];
for (let index = 0; index <= config.workerProcesses; index++)
  metricsPorts.push(
    config.metricsPort === undefined
      ? await freePort([...otherPorts, ...healthPorts, ...metricsPorts])
      : config.metricsPort + index,
  );
const host = urlHost(config.host);
const apiUrl = `http://${host}:${config.port}`;
const inboxUrl = `http://${host}:${config.sandboxHttpPort}`;

// Disposed in reverse: workers, API, sandbox, PostgreSQL.
const running = new AsyncDisposableStack();
const killers: (() => void)[] = [];
let endingSince = 0;

const start = async () => {
  await refuseUnusablePorts();
  const database = isEmbedded ? startDatabase() : undefined;
  const sandbox = serve("sandbox", `${inboxUrl}/api/messages`);
  running.defer(sandbox.stop);
  await database;
  await migrate(config);
  const api = serve("api", `${apiUrl}/healthz`, { METRICS_PORT: `${metricsPorts[0]}` });
  running.defer(api.stop);
  const workers = healthPorts.map((port, index) =>
    serve(`worker-${index + 1}`, `http://${host}:${port}/healthz`, {
      HEALTH_PORT: `${port}`,
      METRICS_PORT: `${metricsPorts[index + 1]}`,
    }),
  );
  running.defer(async () => void (await Promise.all(workers.map(({ stop }) => stop()))));
  const services = { sandbox: [sandbox], api: [api], workers };
  if (isWatching) running.defer(restartAtChanges(services));
  const timeout = isWatching ? Infinity : 60_000;
  await Promise.all(
    Object.values(services).flatMap((group) => group.map((each) => each.untilReady(timeout))),
  );
  if (!endingSince) announce(workers);
};

/** The folders from which each program loads code or templates. */
const sources = {
  sandbox: ["sandbox", "infra"],
  api: ["api", "infra", "workers", "prisma"],
  workers: ["workers", "infra", "prisma", "templates"],
};

const restartAtChanges = (services: Record<keyof typeof sources, Service[]>) => {
  const folders = [...new Set(Object.values(sources).flat())].map((folder) => join(root, folder));
  let changing = Promise.resolve();
  return watchPrograms(folders, (paths) => {
    const files = paths.map((path) => relative(root, path));
    changing = changing.then(async () => {
      const usable = await compileTemplatesOf(files);
      for (const name of Object.keys(sources) as (keyof typeof sources)[]) {
        const cause = usable.find((file) => sources[name].includes(folderOf(file)));
        if (!cause || endingSince) continue;
        for (const service of services[name]) {
          print(service.name, `restarting: ${cause} has changed`);
          void service.restart();
        }
      }
    });
  });
};

const folderOf = (file: string) => file.split(sep)[0] ?? "";

/** Resolves with the files to use. If a template does not compile, without templates: the compiled ones are kept. */
const compileTemplatesOf = async (files: string[]): Promise<string[]> => {
  const templates = files.filter((file) => folderOf(file) === "templates");
  if (templates.length === 0) return files;
  const compiled = join(root, "templates/compiled");
  const old = await mkdtemp(join(tmpdir(), "offstage-templates-"));
  const copy = { recursive: true, preserveTimestamps: true };
  try {
    await cp(compiled, old, copy);
    await compileTemplates();
    createRenderer(compiled);
    return files;
  } catch (error) {
    await rm(compiled, { recursive: true, force: true });
    await cp(old, compiled, copy);
    const problem = `the mail templates do not compile after a change to ${templates.join(", ")}: ${reasonOf(error)}`;
    print("offstage", styleText("red", `${problem}\nThe previous version stays in use.`));
    return files.filter((file) => !templates.includes(file));
  } finally {
    await rm(old, { recursive: true });
  }
};

const refuseUnusablePorts = async () => {
  const ports = {
    PORT: config.port,
    SANDBOX_SMTP_PORT: config.sandboxSmtpPort,
    SANDBOX_HTTP_PORT: config.sandboxHttpPort,
    ...(healthPorts[0] !== undefined && { HEALTH_PORT: healthPorts[0] }),
    ...(metricsPorts[0] !== undefined && { METRICS_PORT: metricsPorts[0] }),
    ...(isEmbedded && { DATABASE_PORT: config.databasePort }),
  };
  const problems = await portProblems(ports, config.host);
  if (problems.length > 0) throw new Error(problems.join("\n"));
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
  // Not restarted: the other programs depend on it, and the next start recovers its data.
  postgres.on("close", (code, signal) => failFor("postgres", `ended (${signal ?? `exit code ${code}`})`));
};

/** Where the programs find each other, if HOST is not 127.0.0.1. */
const addresses = {
  PUBLIC_URL: process.env["PUBLIC_URL"] || apiUrl,
  SMTP_URL: process.env["SMTP_URL"] || `smtp://${host}:${config.sandboxSmtpPort}`,
  TRANSCRIPTION_URL: process.env["TRANSCRIPTION_URL"] || `${inboxUrl}/v1`,
  FCM_SANDBOX_URL: process.env["FCM_SANDBOX_URL"] || inboxUrl,
  SANDBOX_URL: process.env["SANDBOX_URL"] || inboxUrl,
};

const serve = (
  name: "sandbox" | "api" | `worker-${number}`,
  healthUrl: string,
  env: NodeJS.ProcessEnv = {},
) => {
  if (endingSince) throw new Error("stopping");
  const folder = name.startsWith("worker") ? "workers" : name;
  const service = startService({
    name,
    command: [process.execPath, join(root, folder, "main.ts")],
    // No load balancer needs time to react here. Without MALLOC_ARENA_MAX, glibc keeps memory that image-resize frees.
    env: { DRAIN_DELAY_MS: "0", MALLOC_ARENA_MAX: "2", ...process.env, ...addresses, ...env },
    healthUrl,
    isStopping: () => endingSince > 0,
    onGiveUp: (reason, lastLines) => {
      if (isWatching) print(name, styleText("red", `${reason}: the next change starts it again`));
      else failFor(name, reason, lastLines);
    },
  });
  killers.push(service.kill);
  return service;
};

const failFor = (name: ProgramName, reason: string, lastLines: readonly string[] = []) => {
  if (endingSince) return;
  print("offstage", styleText("red", `${name} ${reason}: stopping everything …`));
  const output = lastLines.length > 0 ? ` Its last output:\n${lastLines.join("\n")}` : "";
  void end(1, `Stopped because ${name} ${reason}.${output}`);
};

const announce = (workers: readonly Service[]) => {
  const pids = workers.map(({ name, pid }) => `${name} pid ${pid}`).join(", ");
  const rows = {
    ...(config.sandbox && { "Live page": `${apiUrl}/watch (see every job move, and break things)` }),
    API: `${apiUrl} (pages: /, /login, /projects, /reports, /uploads, /notifications, /account, /admin; documentation: /docs)`,
    Inbox:
      config.smtpUrl === process.env["SMTP_URL"] ? `${inboxUrl} (not used: mail goes to SMTP_URL)` : inboxUrl,
    Phones: config.fcmCredentials ? "none: pushes go to Google" : `${inboxUrl}/phones.html`,
    PostgreSQL: isEmbedded
      ? `${config.databaseUrl} (embedded, in ${config.dataFolder}/postgres)`
      : withoutPassword(config.databaseUrl),
    Files: config.storageUrl.startsWith("file:") ? fileURLToPath(config.storageUrl) : config.storageUrl,
    Queues: config.queueUrl === config.databaseUrl ? "in PostgreSQL" : withoutPassword(config.queueUrl),
    Metrics: metricsPorts.map((port) => `http://${host}:${port}/metrics`).join(" "),
    Workers: `${pids} (to see a crash: kill -9 ${workers[0]?.pid})`,
  };
  const table = Object.entries(rows).map(
    ([name, value]) => `  ${styleText("bold", name.padEnd(12))}${value}\n`,
  );
  const seconds = (Date.now() - Number(process.env["STARTED_AT"] ?? performance.timeOrigin)) / 1000;
  process.stdout.write(`\n${table.join("")}\nready in ${seconds.toFixed(1)} s\n`);
};

const withoutPassword = (url: string) => url.replace(/:[^:@/]*@/, ":…@").replace(/(password=)[^&]*/i, "$1…");

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Stops everything in order, then prints the reason, so that it is the last line. */
const end = async (code: number, reason?: string) => {
  endingSince = Date.now();
  await running.disposeAsync();
  if (reason !== undefined) print("offstage", styleText("red", reason));
  process.exit(code);
};

/** The first Ctrl-C stops everything in order, a second one at once. npm and the terminal both send the first. */
const interrupt = () => {
  if (!endingSince) {
    print("offstage", "stopping …");
    return void end(0);
  }
  if (Date.now() - endingSince < 1_000) return;
  for (const kill of killers) kill();
  process.exit(1);
};

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const) process.on(signal, interrupt);

await start().catch((error: unknown) => {
  if (!endingSince) void end(1, reasonOf(error));
});
