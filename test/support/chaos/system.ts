import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import pg from "pg";
import { createSandbox } from "../../../sandbox/sandbox.ts";
import type { Message } from "../../../sandbox/inbox.ts";
import type { Sql } from "../../../workers/core/index.ts";
import { schedules } from "../../../workers/schedules.ts";
import { freePort } from "../../../scripts/processes/ports.ts";
import { testBroker } from "../core/broker.ts";
import { choreTables } from "../../../scripts/chaos/jobs.ts";
import { createTestDatabase } from "../core/database.ts";
import { type ProjectProcess, startProcess } from "../../../scripts/processes/project-process.ts";

type Mode = "off" | "refuse" | "reject" | "slow" | "hang";

interface Stores {
  databaseUrl: string;
  queueUrl: string;
}

/** A database, a broker, a sandbox, and processes that use them. All of it ends with the test. */
export interface System extends AsyncDisposable {
  readonly env: Record<string, string>;
  readonly apiUrl: string;
  readonly sandboxUrl: string;
  readonly sql: Sql;
  /** Runs a file of the project with the environment of this system. */
  start(file: string, env?: Record<string, string>): ProjectProcess;
  /** Resolves when the process is ready, as do the next two. */
  startApi(): Promise<ProjectProcess>;
  startWorker(env?: Record<string, string>): Promise<ProjectProcess>;
  /** A worker for the jobs in scripts/chaos/jobs.ts. */
  startChoreWorker(env?: Record<string, string>): Promise<ProjectProcess>;
  /** Every mail that arrived. */
  mails(): Promise<Message[]>;
  setMailOutage(outage: Mode): Promise<void>;
  setTranscriptionOutage(outage: Mode): Promise<void>;
}

/** Creates a system with a separate database and the broker that BROKER selects, unless stores are passed. */
export const createSystem = async (stores?: Partial<Stores>): Promise<System> => {
  const cleanups = new AsyncDisposableStack();
  const databaseUrl = stores?.databaseUrl ?? (await createDatabase(cleanups));
  const broker = stores?.queueUrl ? { url: stores.queueUrl, prefix: "test" } : await testBroker(databaseUrl);
  const pool = cleanups.adopt(new pg.Pool({ connectionString: databaseUrl, max: 5 }), (each) => each.end());
  pool.on("error", () => {}); // the server was stopped
  const sandbox = cleanups.adopt(
    await createSandbox({ host: "127.0.0.1", smtpPort: 0, httpPort: 0 }),
    (each) => each.close(),
  );
  const folder = cleanups.adopt(await mkdtemp(join(tmpdir(), "offstage-system-")), (path) =>
    rm(path, { recursive: true, force: true, maxRetries: 5 }),
  );
  const sandboxUrl = `http://127.0.0.1:${sandbox.httpPort}`;
  const port = await freePort();
  const env = {
    DATABASE_URL: databaseUrl,
    QUEUE_URL: broker.url,
    QUEUE_PREFIX: broker.prefix,
    PORT: `${port}`,
    THROTTLES: "false",
    SMTP_URL: `smtp://127.0.0.1:${sandbox.smtpPort}`,
    TRANSCRIPTION_URL: `${sandboxUrl}/v1`,
    FCM_SANDBOX_URL: sandboxUrl,
    SANDBOX_URL: sandboxUrl,
    DATA_FOLDER: folder,
    STORAGE_URL: pathToFileURL(join(folder, "files")).href,
    // Tests count jobs, and a full hour may pass meanwhile.
    SCHEDULES: schedules.map(({ name }) => `${name}=off`).join(),
  };
  await pool.query(choreTables);

  const start = (file: string, more: Record<string, string> = {}) =>
    cleanups.use(startProcess(file, { ...env, ...more }));
  const startUntil = async (ready: string, file: string, more?: Record<string, string>) => {
    const child = start(file, more);
    await child.wrote(ready);
    return child;
  };
  const setOutage = async (outage: object) => {
    const headers = { "content-type": "application/json" };
    await fetch(`${sandboxUrl}/api/outage`, { method: "PUT", headers, body: JSON.stringify(outage) });
  };
  return {
    env,
    apiUrl: `http://127.0.0.1:${port}`,
    sandboxUrl,
    sql: async (text, values) => (await pool.query(text, [...values])).rows,
    start,
    startApi: () => startUntil("listening", "api/main.ts"),
    startWorker: (more) => startUntil("working", "workers/main.ts", more),
    startChoreWorker: (more) => startUntil("working", "scripts/chaos/chore-worker.ts", more),
    mails: async () => (await (await fetch(`${sandboxUrl}/api/messages`)).json()) as Message[],
    setMailOutage: (mail) => setOutage({ mail }),
    setTranscriptionOutage: (transcription) => setOutage({ transcription }),
    [Symbol.asyncDispose]: () => cleanups.disposeAsync(),
  };
};

const createDatabase = async (cleanups: AsyncDisposableStack): Promise<string> => {
  const { url } = cleanups.adopt(await createTestDatabase(), ({ drop }) => drop());
  return url;
};
