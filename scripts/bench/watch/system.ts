import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase, type Database, type Tx } from "../../../infra/database.ts";
import { createJobs, type Jobs, type Sql } from "../../../workers/core/index.ts";
import { demoTask } from "../../../workers/demo-task/job.ts";
import { freePort } from "../../processes/ports.ts";
import { startProcess, type ProjectProcess } from "../measured-process.ts";
import type { Servers } from "../servers.ts";
import { logged } from "../statement-log.ts";

/** The name of the sessions of the API process. */
export const APPLICATION = "watch";

/** Jobs per transaction. */
const CHUNK = 250;

/** An API process with the live page, a worker for demo tasks, and the sandbox. */
export interface System extends AsyncDisposable {
  /** Of the API. */
  readonly url: string;
  readonly api: ProjectProcess;
  readonly sql: Sql;
  /** Enqueues demo tasks that do nothing, and waits until all have ended. Resolves with jobs per second. */
  flow(count: number): Promise<number>;
  /** Starts a steady load, as the page does. It ends by itself. */
  rain(perSecond: number, seconds: number): Promise<void>;
  /** Resolves when no job is open. */
  atRest(): Promise<void>;
}

/** `logStatements` writes every statement of the API into the log of the server, which costs some time. */
export const startSystem = async (
  servers: Servers,
  { logStatements }: { readonly logStatements: boolean },
): Promise<System> => {
  await using cleanups = new AsyncDisposableStack();
  const { url: databaseUrl } = cleanups.use(await servers.createDatabase());
  const database = cleanups.adopt(
    openDatabase(databaseUrl, 4, () => {}),
    (each) => each.close(),
  );
  const ports = { api: await freePort(), smtp: await freePort(), inbox: await freePort() };
  const env = {
    DATABASE_URL: databaseUrl,
    QUEUE_URL: databaseUrl,
    PORT: `${ports.api}`,
    SANDBOX: "on",
    SANDBOX_URL: `http://127.0.0.1:${ports.inbox}`,
    SANDBOX_SMTP_PORT: `${ports.smtp}`,
    SANDBOX_HTTP_PORT: `${ports.inbox}`,
    SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
    WORKERS: "demo-task",
    MALLOC_ARENA_MAX: "2", // as start.ts and Dockerfile set it
  };
  const apiEnv = logStatements ? { ...env, DATABASE_URL: logged(databaseUrl, APPLICATION) } : env;
  cleanups.use(await startProcess("sandbox/main.ts", env, "listening"));
  const api = cleanups.use(await startProcess("api/main.ts", apiEnv, "listening"));
  cleanups.use(await startProcess("workers/main.ts", env, "working"));

  const owned = cleanups.move();
  const url = `http://127.0.0.1:${ports.api}`;
  const { sql } = database.jobs;
  return {
    ...{ url, api, sql },
    flow: (count) => measureFlow(database, count),
    rain: (perSecond, seconds) => startRain(url, perSecond, seconds),
    atRest: () => untilAtRest(sql),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const measureFlow = async ({ jobs: database }: Database, count: number): Promise<number> => {
  const jobs = createJobs(database, () => {});
  const startedAt = performance.now();
  for (let enqueued = 0; enqueued < count; enqueued += CHUNK) await enqueueNothing(jobs, CHUNK);
  await untilAtRest(database.sql);
  return (count * 1_000) / (performance.now() - startedAt);
};

const enqueueNothing = (jobs: Jobs<Tx>, count: number) =>
  jobs.transaction(({ enqueueMany }) =>
    enqueueMany(
      demoTask,
      Array.from({ length: count }, () => ({ payload: { work: "nothing" } as const })),
    ),
  );

const startRain = async (url: string, perSecond: number, seconds: number): Promise<void> => {
  const response = await fetch(`${url}/watch/control/rain`, {
    method: "POST",
    headers: { ...OWN_PAGE, "x-watch": "1", "content-type": "application/json" },
    body: JSON.stringify({ perSecond, seconds }),
  });
  if (response.status !== 202) throw new Error(`rain: ${response.status} ${await response.text()}`);
};

/** What a browser says of a request of the page itself. */
export const OWN_PAGE = { "sec-fetch-site": "same-origin" } as const;

const untilAtRest = async (sql: Sql): Promise<void> => {
  const open = `SELECT 1 FROM "Job" WHERE state IN ('PENDING', 'PUBLISHED', 'WAITING') AND name = $1 LIMIT 1`;
  while ((await sql(open, [demoTask.name])).length > 0) await sleep(50);
};
