import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, cp, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { embeddedDatabaseUrl } from "../infra/config.ts";
import { freePort, isFree } from "../scripts/processes/ports.ts";
import { type ProjectProcess, startProcess } from "../scripts/processes/project-process.ts";
import { until } from "../scripts/processes/until.ts";

// Each test starts the whole system, once or twice, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const root = join(import.meta.dirname, "..");
const names = ["PORT", "DATABASE_PORT", "SANDBOX_SMTP_PORT", "SANDBOX_HTTP_PORT", "HEALTH_PORT"] as const;

let folder: string;
let ports: Record<(typeof names)[number], number>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "offstage-start-"));
  const free = await Promise.all(names.map(async (name) => [name, await freePort()] as const));
  ports = Object.fromEntries(free) as typeof ports;
});
afterAll(() => rm(folder, { recursive: true }));

test("npm start runs everything, Ctrl-C ends everything, and the data is still there afterwards", async () => {
  await using first = start();
  await first.wrote("ready in");
  const table = first.output.findIndex((line) => line.includes("(pages: "));
  expect(first.output[table - 1]).toMatch(
    new RegExp(`Live page.* http://127\\.0\\.0\\.1:${ports.PORT}/watch `),
  );
  await signUp("ada@example.com");
  await until("the mail is in the inbox", async () => (await mailsTo("ada@example.com")) > 0);
  await killApi();
  await first.wrote("api │ ended as ordered (SIGKILL), restarting in 1 s");
  expect(await first.kill("SIGINT")).toEqual({ code: 0, signal: null });
  expect(await takenPorts()).toEqual([]);

  await using second = start();
  await second.wrote("ready in");
  expect(await countUsers()).toBe(1);
  kill(second, "worker-1");
  await second.wrote("worker-1 │ ended unexpectedly (SIGKILL), restarting in 1 s");
  expect(await second.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(pidsOf(second, "worker-1")).toHaveLength(1);
  expect(await takenPorts()).toEqual([]);
});

test("when npm start is killed, all programs end and the next start works", async () => {
  await using killed = start();
  await killed.wrote("ready in");
  await killed.kill("SIGKILL");
  await until("all programs have ended", async () => (await takenPorts()).length === 0);
  await using next = start({ WORKER_PROCESSES: "1" });
  await next.wrote("ready in");
  await next.kill("SIGINT");
});

test("a killed program is restarted while the others continue, until it ends five times in a minute", async () => {
  await using run = start();
  await run.wrote("ready in");
  kill(run, "worker-1");
  await signUp("joan@example.com");
  await until("the mail is in the inbox", async () => (await mailsTo("joan@example.com")) > 0);
  for (const starts of [2, 3, 4, 5]) {
    await until("the worker is restarted", () => pidsOf(run, "worker-1").length === starts);
    kill(run, "worker-1");
  }
  expect(await run.exited).toEqual({ code: 1, signal: null });
  expect(run.output.filter((line) => line.includes("worker-1 │ ended unexpectedly (SIGKILL)"))).toHaveLength(
    4,
  );
  expect(run.output.at(-1)).toContain("Stopped because worker-1 ended 5 times in a minute (SIGKILL).");
  expect(pidsOf(run, "worker-1")).toHaveLength(5);
  expect(pidsOf(run, "worker-2")).toHaveLength(1);
  expect(await takenPorts()).toEqual([]);
});

test("npm run dev restarts the programs that a change affects, and compiles changed mail templates", async () => {
  const clone = await copyProject();
  await using dev = startIn(clone, {}, "--watch");
  await dev.wrote("ready in");
  const starts = () => dev.output.filter((line) => /sandbox │ .*listening/.test(line)).length;
  for (const time of [2, 3]) {
    await utimes(join(clone, "sandbox/main.ts"), new Date(), new Date());
    await until("the sandbox is restarted", async () => starts() === time);
  }
  kill(dev, "worker-2");
  await dev.wrote("worker-2 │ restarted with pid");
  expect(dev.output.filter((line) => line.includes("restarting:"))).toEqual([
    expect.stringContaining("sandbox │ restarting: sandbox/main.ts has changed"),
    expect.stringContaining("sandbox │ restarting: sandbox/main.ts has changed"),
  ]);
  await changeTemplate(clone, dev);
  expect(await dev.kill("SIGINT")).toEqual({ code: 0, signal: null });
  expect(await takenPorts()).toEqual([]);
});

/** A template that does not compile leaves the old version; one that does restarts the workers with the new one. */
const changeTemplate = async (clone: string, dev: ProjectProcess) => {
  const [template, compiled] = ["templates/welcome.mjml", "templates/compiled/welcome.html"].map((file) =>
    join(clone, file),
  ) as [string, string];
  const [source, old] = [await readFile(template, "utf8"), await readFile(compiled, "utf8")];
  const working = () => dev.output.filter((line) => /worker-\d │ .*working/.test(line)).length;
  await until("the killed worker is ready again", async () => working() === 3);

  await writeFile(template, source.replace("</mj-body>", "<mj-nonsense /></mj-body>"));
  await dev.wrote("The previous version stays in use.");
  await dev.wrote("do not compile after a change to templates/welcome.mjml");
  expect(dev.output.join("\n")).toContain("mj-nonsense");
  expect(await readFile(compiled, "utf8")).toBe(old);

  await writeFile(template, source.replace("</mj-body>", "<mj-raw><!-- new --></mj-raw></mj-body>"));
  await dev.wrote("worker-2 │ restarting: templates/welcome.mjml has changed");
  expect(await readFile(compiled, "utf8")).toContain("<!-- new -->");
  await until("both workers are ready again", async () => working() === 5);
};

test("npm run migration writes only what the existing migrations lack, committed or not", async () => {
  const clone = await copyProject();
  const migrate = async (name: string) => {
    await using run = startProcess(relative(root, join(clone, "scripts/migration.ts")), {}, name);
    expect((await run.exited).code).toBe(0);
    return run.output.join("\n");
  };
  await appendFile(join(clone, "prisma/schema.prisma"), `\nmodel First {\n  id Int @id\n}\n`);
  const sql = await migrate("first");
  expect(sql.match(/CREATE TABLE "\w+"/g)).toEqual([`CREATE TABLE "First"`]);
  expect(sql).not.toContain("DROP");
  const migrations = await readdir(join(clone, "prisma/migrations"));
  expect(await migrate("second")).toBe("The migrations match prisma/schema.prisma.");
  expect(await readdir(join(clone, "prisma/migrations"))).toEqual(migrations);
});

test("a program that exits before it was ready is not restarted, and its output is shown last", async () => {
  await using run = start({
    APP_SECRET: "a secret for tests, of more than 32 characters",
    WORKERS: "no-such-module",
  });
  expect(await run.exited).toEqual({ code: 1, signal: null });
  const stopped = run.output.findIndex((line) => line.includes("Stopped because"));
  expect(run.output[stopped]).toMatch(
    /worker-\d ended before it was ready \(exit code 1\)\. Its last output:/,
  );
  expect(run.output.slice(stopped + 1).join("\n")).toContain("no module named no-such-module");
  expect(run.output.join("\n")).not.toContain("restarting");
  expect(await takenPorts()).toEqual([]);
});

test("a port in use is reported with the variable that sets it", async () => {
  const otherServer = createServer().listen(ports.PORT, "127.0.0.1");
  await once(otherServer, "listening");
  await using run = start();
  expect((await run.exited).code).toBe(1);
  expect(run.output.join("\n")).toContain(`Port ${ports.PORT} is in use: set PORT to a free one.`);
  otherServer.close();
});

test("a port that cannot be used is reported with the variable that sets it", async () => {
  const blocked = 4_190;
  await using run = start({ SANDBOX_HTTP_PORT: `${ports.PORT}`, HEALTH_PORT: `${blocked}` });
  expect((await run.exited).code).toBe(1);
  const output = run.output.join("\n");
  expect(output).toContain(`PORT and SANDBOX_HTTP_PORT are both ${ports.PORT}: change one of them.`);
  expect(output).toContain(`Browsers block port ${blocked}: set HEALTH_PORT to another one.`);
  expect(output).not.toContain("already running");
});

test("a port that the database shares with another program is reported", async () => {
  await using run = start({ DATABASE_PORT: `${ports.PORT}` });
  expect((await run.exited).code).toBe(1);
  expect(run.output.join("\n")).toContain(
    `PORT and DATABASE_PORT are both ${ports.PORT}: change one of them.`,
  );
});

test("every program listens on the address in HOST, which the table shows", async () => {
  const host = process.platform === "linux" ? "127.0.0.2" : "[::1]";
  await using run = start({ HOST: host.replaceAll(/[[\]]/g, ""), WORKER_PROCESSES: "1" });
  await run.wrote("ready in");
  expect(run.output.join("\n")).toContain(`http://${host}:${ports.PORT} (pages`);
  await signUp("grace@example.com", host);
  await until("the mail is in the inbox", async () => (await mailsTo("grace@example.com", host)) > 0);
  await run.kill("SIGINT");
});

test("sandbox and workers name the variable that sets a port in use", async () => {
  const otherServer = createServer().listen(ports.PORT, "127.0.0.1");
  await once(otherServer, "listening");
  for (const [file, variable] of [
    ["sandbox/main.ts", "SANDBOX_SMTP_PORT"],
    ["sandbox/main.ts", "SANDBOX_HTTP_PORT"],
    ["workers/main.ts", "HEALTH_PORT"],
  ] as const) {
    await using run = startProcess(file, { ...asText(ports), [variable]: `${ports.PORT}` });
    expect((await run.exited).code).toBe(1);
    const problem = `cannot listen on port ${ports.PORT}: is it taken? Set ${variable} to another one`;
    expect(run.output.at(-1)).toContain(problem);
    expect(run.output.join("\n")).not.toContain("Unhandled");
  }
  otherServer.close();
});

test.each(["chaos", "bench"])("%s refuses an unknown option, and lists its options", async (name) => {
  await using run = startProcess(`scripts/${name}.ts`, {}, "--bogus");
  expect((await run.exited).code).toBe(2);
  expect(run.output[0]).toBe("Unknown option '--bogus'.");
  expect(run.output.join("\n")).toContain(`npm run ${name} -- --`);
});

test("every problem of the configuration is reported at once", async () => {
  await using run = start({ APP_SECRET: "short", QUEUE_URL: "amqp://queue" });
  expect((await run.exited).code).toBe(1);
  expect(run.output.join("\n")).toMatch(/QUEUE_URL: must be[^]*APP_SECRET: must have/);
});

test("an unreachable registry is reported with its URL", async () => {
  const { output, exited } = await install("http://127.0.0.1:9");
  await exited;
  expect(output()).toContain("The npm registry is unreachable: http://127.0.0.1:9");
});

test("an interrupted installation also ends the processes of npm", async () => {
  const registry = createServer((socket) => void socket.resume()).listen(0, "127.0.0.1"); // never responds
  await once(registry, "listening");
  const connected = once(registry, "connection");
  const { child, exited } = await install(`http://127.0.0.1:${(registry.address() as AddressInfo).port}`);
  const [socket] = (await connected) as [Socket];
  child.kill("SIGINT");
  await exited;
  await until("npm has ended", () => socket.closed, 10_000);
  registry.close();
});

const start = (env: Record<string, string> = {}, ...args: string[]) => startIn(root, env, ...args);

const startIn = (project: string, env: Record<string, string>, ...args: string[]) =>
  startProcess(
    relative(root, join(project, "scripts/start.ts")),
    { ...asText(ports), DATA_FOLDER: folder, NODE_ENV: "development", ...env },
    ...args,
  );

const asText = (numbers: object) =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)]));

const takenPorts = async () => {
  const free = await Promise.all(names.map((name) => isFree(ports[name])));
  return names.filter((_, index) => !free[index]);
};

const signUp = async (email: string, host = "127.0.0.1") => {
  const body = JSON.stringify({ email, name: "Ada", password: "correct horse battery" });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`http://${host}:${ports.PORT}/v1/signup`, { method: "POST", headers, body });
  expect(response.status).toBe(202);
};

const mailsTo = async (address: string, host = "127.0.0.1"): Promise<number> => {
  const response = await fetch(`http://${host}:${ports.SANDBOX_HTTP_PORT}/api/messages?to=${address}`);
  return ((await response.json()) as unknown[]).length;
};

/** As the live page does. */
const killApi = async () => {
  const url = `http://127.0.0.1:${ports.PORT}/watch/control/api/kill`;
  const headers = { "sec-fetch-site": "same-origin", "x-watch": "1" };
  expect((await fetch(url, { method: "POST", headers })).status).toBe(200);
};

const countUsers = async (): Promise<number> => {
  const client = new pg.Client(embeddedDatabaseUrl(ports.DATABASE_PORT));
  await client.connect();
  const { rows } = await client.query<{ count: number }>('SELECT count(*)::int FROM "User"');
  await client.end();
  return rows[0]!.count;
};

const kill = (run: ProjectProcess, name: string) => process.kill(pidsOf(run, name).at(-1)!, "SIGKILL");

/** The pids that one worker has had, oldest first: from the table, and from each restart. */
const pidsOf = ({ output }: ProjectProcess, name: string): number[] =>
  output
    .flatMap((line) => new RegExp(`${name} (?:│ restarted with )?pid (\\d+)`).exec(line)?.[1] ?? [])
    .map(Number);

/** A copy of the project whose files a test may change. */
const copyProject = async (): Promise<string> => {
  const copy = await mkdtemp(join(folder, "copy-"));
  const folders = ["api", "infra", "prisma", "sandbox", "scripts", "templates", "workers"];
  for (const path of ["package.json", "prisma.config.ts", ...folders])
    await cp(join(root, path), join(copy, path), { recursive: true, preserveTimestamps: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
};

/** `npm start` in a clone without packages. */
const install = async (registry: string) => {
  const clone = await mkdtemp(join(folder, "clone-"));
  for (const path of ["package.json", "package-lock.json", "tools", "scripts"])
    await cp(join(root, path), join(clone, path), { recursive: true });
  const env = { ...process.env, npm_config_registry: registry, npm_config_cache: join(folder, "no-cache") };
  const child = spawn(process.execPath, ["scripts/run.mjs", "none"], { cwd: clone, env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  return { child, exited: once(child, "close"), output: () => output };
};
