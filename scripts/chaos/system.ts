import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Message } from "../../sandbox/inbox.ts";
import { choreTables } from "./jobs.ts";
import { type ProjectProcess, startProcess } from "../processes/project-process.ts";
import { type RedisCluster, startRedisCluster } from "../processes/redis-cluster.ts";
import { startWatchedRedis, type WatchedRedis } from "../processes/redis-sentinel.ts";
import { createPostgres, createRedis, type Store } from "../processes/stores.ts";
import { until } from "../processes/until.ts";
import type { Sql } from "../../workers/core/index.ts";
import { freePort } from "../processes/ports.ts";

/** What distributes the jobs, and the servers of its own that it has. */
export type ChaosBroker =
  | { readonly kind: "redis"; readonly servers: Store }
  | { readonly kind: "redis-cluster"; readonly servers: RedisCluster }
  | { readonly kind: "redis-sentinel"; readonly servers: WatchedRedis }
  | { readonly kind: "postgres"; readonly servers: undefined };

export type BrokerKind = ChaosBroker["kind"];
export type MailOutage = "off" | "refuse" | "slow" | "hang";

/** A process that is started again whenever it ends, as an orchestrator does. */
export interface Member {
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
}

/** The whole of Offstage on servers of its own, with a second API and two workers for cheap jobs. */
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
  mails(): Promise<Message[]>;
  turnMail(outage: MailOutage): Promise<void>;
}

const choreAsked = `CREATE TABLE "ChoreAsked" (number int PRIMARY KEY, id uuid NOT NULL)`;

/** Of the keys in Redis. */
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
  await pool.query(`${choreTables}; ${choreAsked}`);

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
  const keep = (file: string, more: Record<string, string> = {}) =>
    starting.use(supervise(file, { ...env, ...more }));
  const keepChoreWorker = () => keep("scripts/chaos/chore-worker.ts", { WORKERS: "chore" });
  keep("sandbox/main.ts");
  const members = {
    api: keep("api/main.ts"),
    mailWorker: keep("workers/main.ts"),
    choreApi: keep("scripts/chaos/chore-api.ts", { PORT: `${chorePort}` }),
    choreWorkers: [keepChoreWorker(), keepChoreWorker()],
  } satisfies Partial<System>;
  const inbox = `http://127.0.0.1:${inboxPort}/api`;
  const urls = [`${inbox}/outage`, `http://127.0.0.1:${apiPort}/readyz`, `http://127.0.0.1:${chorePort}`];
  await until("every process answers", () => Promise.all(urls.map((url) => fetch(url))).then(() => true));

  const parts = starting.move();
  return {
    ...members,
    postgres,
    broker,
    signUpUrl: `http://127.0.0.1:${apiPort}/v1/signup`,
    choreUrl: `http://127.0.0.1:${chorePort}/`,
    sql: async (text, values) => (await pool.query(text, [...values])).rows,
    mails: async () => (await (await fetch(`${inbox}/messages`)).json()) as Message[],
    turnMail: async (mail) => {
      const headers = { "content-type": "application/json" };
      await fetch(`${inbox}/outage`, { method: "PUT", headers, body: JSON.stringify({ mail }) });
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
};

const supervise = (file: string, env: Record<string, string>): Member & AsyncDisposable => {
  let current: ProjectProcess;
  let over = false;
  const keepRunning = async () => {
    while (!over) {
      current = startProcess(file, env);
      await current.exited;
      if (!over) await sleep(200);
    }
  };
  const running = keepRunning();
  const kill = async (signal: "SIGKILL" | "SIGTERM") => void (await current.kill(signal));
  return {
    kill,
    [Symbol.asyncDispose]: async () => {
      over = true;
      await kill("SIGKILL");
      await running;
    },
  };
};
