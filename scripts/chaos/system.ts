import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Message } from "../../sandbox/inbox.ts";
import { choreTables } from "./jobs.ts";
import { type ProjectProcess, startProcess } from "../processes/project-process.ts";
import { type RedisCluster, startRedisCluster } from "../processes/redis-cluster.ts";
import { startWatchedRedis, type WatchedRedis } from "../processes/redis-sentinel.ts";
import { createPostgres, createRedis, type Store } from "../processes/stores.ts";
import { until } from "../processes/until.ts";
import { createPgDatabase, type Sql } from "../../workers/core/index.ts";
import { freePort } from "../processes/ports.ts";

/** The broker of a run and its servers. On PostgreSQL, the broker uses the server of the database. */
export type ChaosBroker =
  | { readonly kind: "redis"; readonly servers: Store }
  | { readonly kind: "redis-cluster"; readonly servers: RedisCluster }
  | { readonly kind: "redis-sentinel"; readonly servers: WatchedRedis }
  | { readonly kind: "postgres"; readonly servers: undefined };

export type BrokerKind = ChaosBroker["kind"];
export type MailOutage = "off" | "refuse" | "slow" | "hang";

/** A process that is restarted whenever it ends, as by an orchestrator. */
export interface Member {
  /** Resolves when the current process has ended, before it is restarted. */
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
}

/** Offstage with its own database servers, and a second API and two workers for chores. */
export interface System extends AsyncDisposable {
  readonly postgres: Store;
  readonly broker: ChaosBroker;
  readonly api: Member;
  readonly mailWorker: Member;
  readonly choreApi: Member;
  readonly choreWorkers: readonly [Member, Member];
  readonly signUpUrl: string;
  readonly choreUrl: string;
  readonly sql: Sql;
  /** Commits what `work` does, or rolls it back. */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>;
  /** Resolves with every mail that the sandbox has received. */
  mails(): Promise<Message[]>;
  /** Sets the mode of the mail provider, which is the sandbox. */
  turnMail(outage: MailOutage): Promise<void>;
}

const choreRequested = `CREATE TABLE "ChoreRequested" (number int PRIMARY KEY, id uuid NOT NULL)`;

/** The prefix of the keys in Redis. */
export const PREFIX = "chaos";

const startBroker = async (kind: BrokerKind): Promise<ChaosBroker> => {
  if (kind === "postgres") return { kind, servers: undefined };
  if (kind === "redis-cluster") return { kind, servers: await startRedisCluster() };
  if (kind === "redis-sentinel") return { kind, servers: await startWatchedRedis() };
  const servers = await createRedis("with its data");
  await servers.start();
  return { kind, servers };
};

export const startSystem = async (kind: BrokerKind): Promise<System> => {
  await using starting = new AsyncDisposableStack();
  const broker = await startBroker(kind);
  starting.use(broker.servers);
  const postgres = starting.use(await createPostgres());
  const pool = starting.adopt(new pg.Pool({ connectionString: postgres.url, max: 4 }), (each) => each.end());
  pool.on("error", () => {}); // the server was stopped
  const { sql, transaction } = createPgDatabase(pool);
  await pool.query(`${choreTables}; ${choreRequested}`);

  const [apiPort, chorePort, smtpPort, inboxPort] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const env = {
    DATABASE_URL: postgres.url,
    QUEUE_URL: broker.servers?.url ?? postgres.url,
    QUEUE_PREFIX: PREFIX,
    LOG_LEVEL: "warn",
    PORT: `${apiPort}`,
    THROTTLES: "false",
    SANDBOX_SMTP_PORT: `${smtpPort}`,
    SANDBOX_HTTP_PORT: `${inboxPort}`,
  };
  const start = (file: string, more: Record<string, string> = {}) =>
    starting.use(supervise(file, { ...env, ...more }));
  const startChoreWorker = () => start("scripts/chaos/chore-worker.ts", { WORKERS: "chore" });
  start("sandbox/main.ts");
  const members = {
    api: start("api/main.ts"),
    mailWorker: start("workers/main.ts"),
    choreApi: start("scripts/chaos/chore-api.ts", { PORT: `${chorePort}` }),
    choreWorkers: [startChoreWorker(), startChoreWorker()],
  } satisfies Partial<System>;
  const inbox = `http://127.0.0.1:${inboxPort}/api`;
  const urls = [`${inbox}/outage`, `http://127.0.0.1:${apiPort}/readyz`, `http://127.0.0.1:${chorePort}`];
  await until("every process responds", () => Promise.all(urls.map((url) => fetch(url))).then(() => true));

  const parts = starting.move();
  return {
    ...members,
    postgres,
    broker,
    signUpUrl: `http://127.0.0.1:${apiPort}/v1/signup`,
    choreUrl: `http://127.0.0.1:${chorePort}/`,
    sql,
    transaction: (work) => transaction((_tx, sql) => work(sql)),
    mails: async () => (await (await fetch(`${inbox}/messages`)).json()) as Message[],
    turnMail: async (mail) => {
      const headers = { "content-type": "application/json" };
      await fetch(`${inbox}/outage`, { method: "PUT", headers, body: JSON.stringify({ mail }) });
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
};

/** Starts the file, and restarts it 200 ms after it ends. */
const supervise = (file: string, env: Record<string, string>): Member & AsyncDisposable => {
  let current: ProjectProcess;
  let disposed = false;
  const keepRunning = async () => {
    while (!disposed) {
      current = startProcess(file, env);
      await current.exited;
      if (!disposed) await sleep(200);
    }
  };
  const running = keepRunning();
  const kill = async (signal: "SIGKILL" | "SIGTERM") => void (await current.kill(signal));
  return {
    kill,
    [Symbol.asyncDispose]: async () => {
      disposed = true;
      await kill("SIGKILL");
      await running;
    },
  };
};
