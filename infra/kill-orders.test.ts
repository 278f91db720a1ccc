import { afterAll, beforeAll, expect, test } from "vitest";
import pg from "pg";
import { until } from "../scripts/processes/until.ts";
import { createTestDatabase } from "../test/support/core/database.ts";
import { createPgDatabase, type Sql } from "../workers/core/index.ts";
import { listenForKill, orderKill } from "./kill-orders.ts";

let cleanups: AsyncDisposableStack;
let url: string;
let sql: Sql;
const log = { info: () => {}, warn: () => {}, error: () => {} };

beforeAll(async () => {
  cleanups = new AsyncDisposableStack();
  ({ url } = cleanups.adopt(await createTestDatabase(), ({ drop }) => drop()));
  const pool = cleanups.adopt(new pg.Pool({ connectionString: url, max: 2 }), (each) => each.end());
  ({ sql } = createPgDatabase(pool));
});
afterAll(() => cleanups.disposeAsync());

/** A worker that counts how often it was ordered to die. Resolves when it listens. */
const startWorker = async (worker: string) => {
  const heard = { times: 0 };
  const listener = listenForKill({ databaseUrl: url, worker, log, die: async () => heard.times++ });
  return { heard, [Symbol.asyncDispose]: listener.close };
};

const untilHeard = (worker: { heard: { times: number } }, id: string, times: number) =>
  until(`${id} has heard ${times} orders`, async () => {
    if (worker.heard.times < times) await orderKill(sql, id);
    return worker.heard.times >= times;
  });

test("only the worker that is named dies, and one that does not listen is reported", async () => {
  await using ada = await startWorker("host-with-a-very-long-name.of-a-cluster.example.internal-77-abcdef");
  await using grace = await startWorker("host-with-a-very-long-name.of-a-cluster.example.internal-77-fedcba");
  await untilHeard(ada, "host-with-a-very-long-name.of-a-cluster.example.internal-77-abcdef", 1);
  expect(grace.heard.times).toBe(0);
  expect(await orderKill(sql, "host-with-a-very-long-name.of-a-cluster.example.internal-77")).toBe(false);
});

test("listens again after its connection was lost, and not after it was closed", async () => {
  const worker = await startWorker("ada");
  await untilHeard(worker, "ada", 1);
  const ended = await sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'offstage-kill-orders %'
     AND datname = current_database()`,
    [],
  );
  expect(ended).toHaveLength(1);
  const before = worker.heard.times;
  await untilHeard(worker, "ada", before + 1);
  await worker[Symbol.asyncDispose]();
  await until("the connection is closed", async () => !(await orderKill(sql, "ada")));
});
