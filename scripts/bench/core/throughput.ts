import { setTimeout as sleep } from "node:timers/promises";
import { v7 as uuidv7 } from "uuid";
import { createJobs, defineWorker, startRelay, type Sql } from "../../../workers/core/index.ts";
import { startWorkers } from "../../../workers/core/worker.ts";
import { ratioFigure, type Measurement } from "../findings.ts";
import { compete } from "../rounds.ts";
import { median, ratios } from "../statistics.ts";
import { countdown } from "./countdown.ts";
import { onFreshStores, silent, type Stores } from "./stores.ts";
import { trivial } from "./trivial-job.ts";

const ROUNDS = 3;
const JOBS = { redis: 20_000, postgres: 5_000 };
const CHUNK = 500;

/** How many waiting jobs per second one process works off, next to BullMQ alone in the same process. */
export const measureThroughput: Measurement = async (servers) => {
  const rates = await compete(ROUNDS, {
    rawRedis: onFreshStores(servers, "redis", processRaw(JOBS.redis)),
    redis: onFreshStores(servers, "redis", processOurs(JOBS.redis)),
    rawPostgres: onFreshStores(servers, "postgres", processRaw(JOBS.postgres)),
    postgres: onFreshStores(servers, "postgres", processOurs(JOBS.postgres)),
  });

  const row = (label: string, values: number[], base: number[]) => [
    label,
    Math.round(median(values)).toLocaleString("en-US"),
    median(ratios(values, base)).toFixed(2),
  ];
  return {
    title: `Work: trivial jobs per second, ${trivial.concurrency} at a time, in one process`,
    columns: ["", "per second", "to BullMQ"],
    rows: [
      row("BullMQ alone, on Redis", rates.rawRedis, rates.rawRedis),
      row("ours, on Redis", rates.redis, rates.rawRedis),
      row("BullMQ alone, on PostgreSQL", rates.rawPostgres, rates.rawPostgres),
      row("ours, on PostgreSQL", rates.postgres, rates.rawPostgres),
    ],
    figures: [
      ratioFigure("process_vs_raw_redis", rates.redis, rates.rawRedis, 0.5),
      ratioFigure("process_vs_raw_postgres", rates.postgres, rates.rawPostgres, 0.8),
      { name: "process_per_second_redis", value: median(rates.redis) },
      { name: "process_per_second_postgres", value: median(rates.postgres) },
    ],
  };
};

const succeed = async () => "done";

const processRaw =
  (count: number) =>
  async ({ broker }: Stores): Promise<number> => {
    const queue = broker.queue(trivial.name);
    for (let n = 0; n < count; n += CHUNK) {
      const opts = () => ({ jobId: `${uuidv7()}-1`, removeOnComplete: true });
      const jobs = Array.from({ length: CHUNK }, (_, index) => ({
        name: trivial.name,
        data: { n: n + index },
      }));
      await queue.addBulk(jobs.map((job) => ({ ...job, opts: opts() })));
    }
    const { tick, done } = countdown(count);
    const began = performance.now();
    const worker = broker.worker(trivial.name, succeed, { concurrency: trivial.concurrency });
    worker.on("completed", tick);
    await done;
    const ms = performance.now() - began;
    await worker.close();
    return (count * 1_000) / ms;
  };

const processOurs =
  (count: number) =>
  async (stores: Stores): Promise<number> => {
    await publish(stores, count);
    const { tick, done } = countdown(count);
    const workers = [defineWorker(trivial, succeed)];
    const { database, broker } = stores;
    const began = performance.now();
    const running = startWorkers({
      database: database.jobs,
      broker,
      workers,
      log: silent,
      observe: tick,
      nudge: () => {},
    });
    await done;
    const ms = performance.now() - began;
    await running.close(1_000);
    const completed = await countJobs(database.jobs.sql, "COMPLETED");
    if (completed !== count) throw new Error(`the ledger has ${completed} of ${count} jobs as completed`);
    return (count * 1_000) / ms;
  };

const publish = async ({ database, broker }: Stores, count: number): Promise<void> => {
  const jobs = createJobs(database.jobs, () => {});
  const insertChunk = (_: unknown, chunk: number) =>
    jobs.transaction(async ({ enqueue }) => {
      for (let n = 0; n < CHUNK; n++) await enqueue(trivial, { n: chunk * CHUNK + n });
    });
  await Promise.all(Array.from({ length: count / CHUNK }, insertChunk));
  const relay = startRelay(database.jobs.sql, broker, silent);
  while ((await countJobs(database.jobs.sql, "PENDING")) > 0) await sleep(50);
  await relay.close();
};

const countJobs = async (sql: Sql, state: string): Promise<number> => {
  const [row] = await sql<{ jobs: number }>(
    `SELECT count(*)::int AS jobs FROM "Job" WHERE state = $1::"JobState"`,
    [state],
  );
  return row?.jobs ?? 0;
};
