import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Sql } from "../../../workers/core/index.ts";
import { openStores } from "../core/stores.ts";
import { ratioFigure, type Measurement } from "../findings.ts";
import { startProcess } from "../measured-process.ts";
import { runRounds } from "../rounds.ts";
import type { Servers } from "../servers.ts";
import type { Load } from "./api-process.ts";
import { rateCells } from "./rate-cells.ts";

const APIS = [1, 2, 10] as const;
const ROUNDS = { full: 3, quick: 1 };
const MS = { full: 3_000, quick: 1_000 };
const CONCURRENCY = 20;
const IDLE_MS = 5_000;
const file = fileURLToPath(new URL("api-process.ts", import.meta.url));

/** Compares how many users several API processes insert, each with a job, to one. And what idle ones cost. */
export const measureApis: Measurement = async (servers, extent) => {
  await using cleanups = new AsyncDisposableStack();
  const all: ChildProcess[] = [];
  for (let n = 0; n < Math.max(...APIS); n++)
    all.push(cleanups.use(await startProcess(file, {}, "ready")).process);

  /** Lets some processes do the same. Resolves with the sum of their rates, and what `meanwhile` returns. */
  const run = async <Result>(
    servers: Servers,
    apis: number,
    load: Omit<Load, "env">,
    meanwhile: (sql: Sql) => Promise<Result>,
  ): Promise<[rate: number, Result]> => {
    await using stores = await openStores(servers, servers.redisUrl ? "redis" : "postgres");
    const chosen = all.slice(0, apis);
    const rates = chosen.map((child) => once(child, "message") as Promise<[number]>);
    for (const child of chosen) child.send({ env: stores.env, ...load } satisfies Load);
    const sum = (await Promise.all(rates)).reduce((total, [rate]) => total + rate, 0);
    const result = await meanwhile(stores.database.jobs.sql);
    for (const child of chosen) child.send("stop");
    return [sum, result];
  };

  const rates = await runRounds(
    ROUNDS[extent],
    Object.fromEntries(
      APIS.map((apis) => [
        `${apis}`,
        // As many requests at a time in all, so that only the number of processes differs.
        async () =>
          (await run(servers, apis, { ms: MS[extent], concurrency: CONCURRENCY / apis }, async () => {}))[0],
      ]),
    ),
  );
  const [, idle] = await run(servers, 10, { ms: 0, concurrency: 0 }, statementsPerSecond);
  const of = (apis: number) => rates[`${apis}`] ?? [];
  return {
    title: `Scale: users inserted per second, each with a job, ${CONCURRENCY} at a time in all`,
    columns: ["", "per second", "to one"],
    rows: [
      ...APIS.map((apis) => [
        `${apis} API ${apis === 1 ? "process" : "processes"}`,
        ...rateCells(of(apis), of(1)),
      ]),
      ["statements per second of 10 idle ones", idle.toFixed(0), ""],
    ],
    figures: [
      ratioFigure("scale_10_apis", of(10), of(1)),
      { name: "idle_statements_per_s_10_apis", value: idle },
    ],
  };
};

/** Transactions of the database per second; that of a relay's poll is one. */
const statementsPerSecond = async (sql: Sql): Promise<number> => {
  const count = async () => {
    await sql("SELECT pg_stat_clear_snapshot()", []);
    const [row] = await sql<{ count: number }>(
      `SELECT xact_commit::int AS count FROM pg_stat_database WHERE datname = current_database()`,
      [],
    );
    return row?.count ?? NaN;
  };
  const before = await count();
  await sleep(IDLE_MS);
  return ((await count()) - before) / (IDLE_MS / 1_000);
};
