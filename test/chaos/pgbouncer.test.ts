import { describe, expect, it } from "vitest";
import { openDatabase } from "../../infra/database.ts";
import { migrate } from "../../scripts/migrate.ts";
import { freePort } from "../../scripts/processes/ports.ts";
import { until } from "../../scripts/processes/until.ts";
import { openBroker } from "../../workers/core/index.ts";
import { expectAllDoneOnce, expectCompleteSignUps, untilAllFinished } from "../support/chaos/checks.ts";
import { signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { createTestDatabase } from "../support/core/database.ts";
import { startPgBouncer } from "../support/servers/pgbouncer.ts";

// Needs Debian's package `pgbouncer`, so it runs only with PGBOUNCER=true, as in CI.

/** The maximum number of milliseconds from the start of a process until it refuses a pooler. */
const REFUSED_WITHIN = 30_000;

const REFUSAL =
  /(DATABASE|QUEUE)_URL: The connection pooler cannot be used: .* See docs\/connection-poolers\.md/;

/** A database behind PgBouncer, for the tables and for the queues. */
const createPooledSystem = async (settings: Parameters<typeof startPgBouncer>[1]) => {
  await using starting = new AsyncDisposableStack();
  const { url } = starting.adopt(await createTestDatabase(), ({ drop }) => drop());
  const pooler = starting.use(await startPgBouncer(url, settings));
  const direct = { databaseUrl: url, queueUrl: url };
  const system = starting.use(await createSystem(direct));
  const parts = starting.move();
  const urls = { DATABASE_URL: pooler.url, QUEUE_URL: pooler.url };
  return { pooler, system, urls, direct: url, [Symbol.asyncDispose]: () => parts.disposeAsync() };
};

/**
 * Signs up 60 people, 6 at a time, and resolves with the responses that are not a 202. Who gets a 503 tries again: at
 * the start, a busy machine may not open a connection in time.
 */
const signUpMany = async ({ apiUrl }: System, label: string) => {
  const refused: unknown[] = [];
  const signUpEach = async (client: number) => {
    for (let number = 0; number < 10; number++) {
      const attempt = () => signUp(apiUrl, `${client}-${number}@${label}.example`);
      let response = await attempt();
      for (let tries = 1; response.status === 503 && tries < 5; tries++) response = await attempt();
      if (response.status !== 202) refused.push(response);
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6].map(signUpEach));
  return refused;
};

const expectRefusal = async (output: readonly string[], exited: Promise<{ code: number | null }>) => {
  const began = performance.now();
  expect((await exited).code).toBe(1);
  expect(performance.now() - began).toBeLessThan(REFUSED_WITHIN);
  expect(output.join("\n")).toMatch(REFUSAL);
};

describe("PgBouncer", { timeout: 300_000 }, () => {
  it("works in session mode, and after a restart, until it changes to transaction mode", async () => {
    await using pooled = await createPooledSystem({ default_pool_size: 60 });
    const { pooler, system, urls } = pooled;
    const api = system.start("api/main.ts", urls);
    const worker = system.start("workers/main.ts", urls);
    await Promise.all([api.wrote("listening"), worker.wrote("working")]);
    expect(await signUpMany(system, "session")).toEqual([]);
    await untilAllFinished(system);

    await pooler.crash();
    await until(
      "sign-up returns 202",
      async () => (await signUp(system.apiUrl, "back@x.example")).status === 202,
    );
    await untilAllFinished(system);
    await expectAllDoneOnce(system);
    await expectCompleteSignUps(system);

    await pooler.reload({ pool_mode: "transaction" });
    const refused = Promise.all([api, worker].map(({ output, exited }) => expectRefusal(output, exited)));
    await Promise.race([refused, signUpMany(system, "later")]);
    await refused;
  });

  it("leaves the limits in force in session mode", async () => {
    await using pooled = await createPooledSystem({ default_pool_size: 10 });
    const database = openDatabase(pooled.pooler.url, 3, () => {});
    const limits = await database.jobs.transaction((_tx, sql) =>
      sql(
        `SELECT current_setting('statement_timeout') AS statement,
           current_setting('idle_in_transaction_session_timeout') AS idle`,
        [],
      ),
    );
    await database.close();
    expect(limits).toEqual([{ statement: "5s", idle: "5s" }]);
  });

  it.for([
    ["transaction mode", { pool_mode: "transaction" }],
    ["transaction mode that rotates its connections", { pool_mode: "transaction", server_round_robin: 1 }],
    ["transaction mode with one connection", { pool_mode: "transaction", default_pool_size: 1 }],
    ["statement mode", { pool_mode: "statement" }],
    ["session mode without a reset", { server_reset_query: "" }],
  ] as const)("is refused in %s", async ([_name, settings]) => {
    await using pooled = await createPooledSystem({
      ignore_startup_parameters: "statement_timeout,idle_in_transaction_session_timeout,options",
      ...settings,
    });
    const { pooler, direct } = pooled;
    const errors: Error[] = [];
    const database = openDatabase(pooler.url, 3, (error) => void errors.push(error));
    const broker = openBroker(pooler.url, "test", (error) => void errors.push(error));
    for (const work of [
      database.ping,
      broker.ping,
      () => migrate({ databaseUrl: pooler.url, queueUrl: pooler.url }),
      () => migrate({ databaseUrl: direct, queueUrl: pooler.url }),
    ])
      await expect(work()).rejects.toThrow("The connection pooler cannot be used");
    expect(errors).toMatchObject([{ name: "PoolerError" }, { name: "PoolerError" }]);
    await database.close();
    await broker.close();
  });

  it("is refused by every program at its start, for the database or for the queues", async () => {
    await using pooled = await createPooledSystem({ pool_mode: "transaction" });
    const { system, urls, direct } = pooled;
    const onlyQueues = { ...urls, DATABASE_URL: direct };
    const ports = { SANDBOX_SMTP_PORT: `${await freePort()}`, SANDBOX_HTTP_PORT: `${await freePort()}` };
    for (const { output, exited } of [
      system.start("scripts/start.ts", { ...urls, ...ports }),
      system.start("scripts/migrate.ts", onlyQueues),
      system.start("workers/main.ts", urls),
      system.start("api/main.ts", onlyQueues),
    ])
      await expectRefusal(output, exited);
  });
});
