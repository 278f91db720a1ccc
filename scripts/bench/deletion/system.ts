import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import pg from "pg";
import { hashPassword } from "../../../infra/passwords.ts";
import { freePort } from "../../processes/ports.ts";
import { startProcess, type ProjectProcess } from "../measured-process.ts";
import type { Servers } from "../servers.ts";
import { logged } from "../statement-log.ts";
import { type Clients, createClients } from "./clients.ts";
import { findKeys, writeObjects } from "./objects.ts";
import { type Extent, insertPopulation, PASSWORD } from "./population.ts";
import type { Query } from "./query.ts";

/** The name of the sessions of the worker process. */
export const APPLICATION = "deletion";

export interface System extends AsyncDisposable {
  readonly url: string;
  readonly api: string;
  readonly query: Query;
  readonly clients: Clients;
  /** Of the storage. */
  readonly folder: string;
  readonly keys: readonly string[];
  /** Starts a worker process whose statements are logged. It ends with the system. */
  startWorker(): Promise<ProjectProcess>;
}

/** The population, its objects, an API process, and a sandbox that takes the mails. */
export const startSystem = async (servers: Servers, extent: Extent): Promise<System> => {
  await using cleanups = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "offstage-bench-"));
  cleanups.defer(() => rm(folder, { recursive: true }));
  const { url } = cleanups.use(await servers.createDatabase());
  const pool = cleanups.adopt(new pg.Pool({ connectionString: url, max: 3 }), (each) => each.end());
  const query: Query = async (text, values) => (await pool.query(text, values)).rows;
  await insertPopulation(url, extent, await hashPassword(PASSWORD));
  const keys = await findKeys(query);
  await writeObjects(folder, keys);

  const ports = { api: await freePort(), smtp: await freePort(), inbox: await freePort() };
  const env = {
    DATABASE_URL: url,
    QUEUE_URL: url,
    STORAGE_URL: pathToFileURL(folder).href,
    PORT: `${ports.api}`,
    THROTTLES: "false",
    ACCOUNT_DELETION_GRACE: "0",
    WORKERS: "account-delete,email",
    SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
    SANDBOX_SMTP_PORT: `${ports.smtp}`,
    SANDBOX_HTTP_PORT: `${ports.inbox}`,
    MALLOC_ARENA_MAX: "2", // as start.ts and Dockerfile set it
  };
  cleanups.use(await startProcess("sandbox/main.ts", env, "listening"));
  cleanups.use(await startProcess("api/main.ts", env, "listening"));
  const api = `http://127.0.0.1:${ports.api}`;
  const clients = await createClients(api, query);

  const owned = cleanups.move();
  return {
    ...{ url, api, query, clients, folder, keys },
    startWorker: async () =>
      owned.use(
        await startProcess("workers/main.ts", { ...env, DATABASE_URL: logged(url, APPLICATION) }, "working"),
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

/** The resident memory of a process in MB: now, or its peak since `forgetPeak`. NaN on systems without /proc. */
export const residentMegabytes = async (pid: number, which: "VmRSS" | "VmHWM"): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(new RegExp(`^${which}:\\s*(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
};

/** Source: proc_pid_clear_refs(5) */
export const forgetPeak = (pid: number): Promise<void> =>
  writeFile(`/proc/${pid}/clear_refs`, "5").catch(() => undefined);
