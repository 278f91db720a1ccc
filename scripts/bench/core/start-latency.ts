import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createJobs, startRelay } from "../../../workers/core/index.ts";
import type { Measurement } from "../findings.ts";
import { startProcess } from "../measured-process.ts";
import type { Servers } from "../servers.ts";
import { percentile } from "../statistics.ts";
import { now, type Start } from "./clock.ts";
import { openStores, silent, type BrokerKind } from "./stores.ts";
import { trivial } from "./trivial-job.ts";

const SAMPLES = { full: 300, quick: 100 };
const WARM_UP = 30;

const workerFile = fileURLToPath(new URL("start-worker.ts", import.meta.url));

/** Measures the milliseconds from the commit of a job to the call of its handler, on an idle system. */
export const measureStartLatency: Measurement = async (servers, extent) => {
  await using postgres = await openIdleSystem(servers, "postgres");
  await using redis = servers.redisUrl ? await openIdleSystem(servers, "redis") : undefined;
  const ms = { postgres: [] as number[], redis: [] as number[] };
  for (let sample = -WARM_UP; sample < SAMPLES[extent]; sample++) {
    const latencies = { postgres: await postgres.start(), redis: await redis?.start() };
    if (sample < 0) continue;
    ms.postgres.push(latencies.postgres);
    if (latencies.redis !== undefined) ms.redis.push(latencies.redis);
  }

  const row = (label: string, values: number[]) => [
    label,
    ...[0.5, 0.9, 0.99, 1].map((share) => percentile(values, share).toFixed(1)),
  ];
  return {
    title: `Start: milliseconds from commit to handler, one job at a time (${SAMPLES[extent]} jobs)`,
    columns: ["", "p50", "p90", "p99", "max"],
    rows: [row("on PostgreSQL", ms.postgres), row("on Redis", ms.redis)],
    figures: [
      { name: "start_ms_p50", value: percentile(ms.postgres, 0.5), target: { max: 10 } },
      { name: "start_ms_p99", value: percentile(ms.postgres, 0.99) },
      { name: "start_ms_p50_redis", value: percentile(ms.redis, 0.5), target: { max: 10 } },
      { name: "start_ms_p99_redis", value: percentile(ms.redis, 0.99) },
    ],
  };
};

/** This process acts as the API and runs a relay. The worker is a separate process with its own relay and sweep. */
const openIdleSystem = async (servers: Servers, kind: BrokerKind) => {
  await using cleanups = new AsyncDisposableStack();
  const { database, broker, env } = cleanups.use(await openStores(servers, kind));
  const worker = cleanups.use(await startProcess(workerFile, env, "working"));
  const relay = cleanups.adopt(startRelay(database.jobs.sql, broker, silent), (each) => each.close());
  const jobs = createJobs(database.jobs, relay.nudge);

  const owned = cleanups.move();
  return {
    /** Enqueues one job. Resolves with the milliseconds from its commit to its start. */
    start: async (): Promise<number> => {
      // A random delay, because a fixed one could synchronize with the interval of a poll.
      await sleep(20 + 40 * Math.random());
      const started = once(worker.process, "message");
      const id = await jobs.transaction(({ enqueue }) => enqueue(trivial, { n: 1 }));
      const committed = now();
      const [{ job, at }] = (await started) as [Start];
      if (job !== id) throw new Error(`job ${job} started instead of ${id}`);
      return at - committed;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
