import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import {
  defineJob,
  defineWorker,
  pauseQueue,
  PermanentError,
  ProviderError,
  RateLimitedError,
  startCore,
} from "../../workers/core/index.ts";
import { freePort } from "../../scripts/processes/ports.ts";
import { until } from "../../scripts/processes/until.ts";
import { type Core, createCore } from "../../test/support/core/core.ts";
import type { Tx } from "../database.ts";
import { createLogger } from "../logging.ts";
import { openApiMetrics, openWorkerMetrics } from "./open.ts";

const works: Record<string, (attempt: number) => Promise<void>> = {
  succeed: async () => {},
  "fail once": async (attempt) => {
    if (attempt === 1) throw new ProviderError("busy");
  },
  "fail for good": async () => {
    throw new PermanentError("no such address");
  },
  "be limited": async () => {
    throw new RateLimitedError(60_000, { alert: "the password is wrong" });
  },
  "take long": () => sleep(60_000),
};
const chore = defineJob({
  name: "chore",
  payload: z.object({ work: z.string() }),
  backoff: { delay: 1, max: 1 },
});
const other = defineJob({ name: "other", payload: z.object({}) });

let core: Core;
const running = new AsyncDisposableStack();
const ports = { api: 0, worker: 0 };
const enqueue = (work: string, delay = 0) =>
  core.jobs.transaction((scope) => scope.enqueue(chore, { work }, { delay }));

beforeAll(async () => {
  core = running.use(await createCore());
  ports.api = await freePort();
  ports.worker = await freePort();
  const { database, broker, log } = core;
  const options = { config: { host: "127.0.0.1" }, log: createLogger("test", "silent"), database, broker };
  const queues = [chore.name, other.name];
  const onError = (error: Error) => {
    throw error;
  };
  running.adopt(openApiMetrics({ ...options, queues, port: ports.api, onError }), ({ close }) => close());

  const metrics = openWorkerMetrics({ ...options, queues: [chore.name], port: ports.worker });
  const handler = async ({ work }: { work: string }, { attempt }: { attempt: number }) =>
    works[work]?.(attempt);
  const started = running.adopt(
    startCore<Tx>({
      ...{ database: database.jobs, broker, log },
      workers: [defineWorker(chore, handler)],
      observe: metrics.observe,
    }),
    ({ close }) => close(0),
  );
  running.adopt(metrics.serve(started.health), ({ close }) => close());
  await started.working;
});
afterAll(() => running.disposeAsync());

const scrape = async (port: number): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toContain("version=0.0.4");
  return response.text();
};

/** The value of a series. */
const valueOf = (text: string, series: string): number | undefined => {
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

test("counts the runs of a worker by how they ended", async () => {
  const before = await scrape(ports.worker);
  expect(valueOf(before, 'offstage_jobs_failed_total{queue="chore",kind="permanent"}')).toBe(0);

  await core.reaches(await enqueue("succeed"), "COMPLETED");
  await core.reaches(await enqueue("fail once"), "COMPLETED");
  await core.reaches(await enqueue("fail for good"), "FAILED");
  const id = await enqueue("be limited");
  await until("it is limited", async () => (await core.row(id)).history.at(-1)?.outcome === "limited");

  const text = await scrape(ports.worker);
  const values = {
    'offstage_jobs_enqueued_total{queue="chore"}': 4,
    'offstage_jobs_completed_total{queue="chore"}': 2,
    'offstage_job_retries_total{queue="chore",kind="provider"}': 1,
    'offstage_jobs_failed_total{queue="chore",kind="permanent"}': 1,
    'offstage_job_releases_total{queue="chore",kind="rate-limited"}': 1,
    'offstage_provider_alerts_total{queue="chore"}': 1,
    'offstage_job_attempts_bucket{le="1",queue="chore"}': 2,
    'offstage_job_attempts_count{queue="chore"}': 3,
    'offstage_job_wait_seconds_count{queue="chore"}': 5,
    'offstage_job_run_seconds_count{queue="chore"}': 5,
    'offstage_worker_slots{queue="chore"}': 10,
    'offstage_worker_stuck{queue="chore"}': 0,
  };
  expect(Object.fromEntries(Object.keys(values).map((series) => [series, valueOf(text, series)]))).toEqual(
    values,
  );
  expect(valueOf(text, 'offstage_jobs_started_total{queue="chore"}')).toBeGreaterThanOrEqual(5);
  expect(valueOf(text, 'offstage_relay_published_total{queue="chore"}')).toBeGreaterThanOrEqual(4);
});

test("shows the queues as they are in the ledger", async () => {
  await core.sql(`DELETE FROM "Job"`, []);
  const long = await enqueue("take long");
  await until("it runs", async () => (await core.row(long)).startedAt !== null);
  await enqueue("succeed", 3_600_000);
  // Jobs of a queue without a worker: one is in the dead letter, and one has not been published for a minute.
  await core.sql(
    `INSERT INTO "Job" (id, name, payload, state, "dueAt", "readyAt", "finishedAt", error, attempt) VALUES
       (gen_random_uuid(), 'other', '{}', 'PUBLISHED', now() + interval '1 hour', now() - interval '90 seconds', NULL, NULL, 0),
       (gen_random_uuid(), 'other', '{}', 'PUBLISHED', now() + interval '1 hour', now() + interval '1 hour', NULL, NULL, 3),
       (gen_random_uuid(), 'other', '{}', 'PENDING', now() + interval '10 seconds', now() - interval '60 seconds', NULL, NULL, 0),
       (gen_random_uuid(), 'other', '{}', 'FAILED', now(), now(), now(), 'no', 5)`,
    [],
  );
  await pauseQueue(core.sql, "other", "test");
  const text = await until("it is read again", async () => {
    const found = await scrape(ports.api);
    return valueOf(found, 'offstage_queue_jobs{queue="other",state="queued"}') === 1 && found;
  });
  const values = {
    'offstage_queue_jobs{queue="chore",state="running"}': 1,
    'offstage_queue_jobs{queue="chore",state="scheduled"}': 1,
    'offstage_queue_jobs{queue="other",state="due"}': 1,
    'offstage_queue_jobs{queue="other",state="retrying"}': 1,
    'offstage_queue_jobs{queue="other",state="waiting"}': 0,
    'offstage_dead_letter_jobs{queue="other"}': 1,
    'offstage_queue_paused{queue="chore"}': 0,
    'offstage_queue_paused{queue="other"}': 1,
    'offstage_queue_workers{queue="chore"}': 1,
    'offstage_queue_workers{queue="other"}': 0,
    'offstage_queue_slots{queue="chore"}': 10,
    'offstage_queue_backlog_seconds{queue="other"}': 2,
    offstage_collector_up: 1,
    offstage_broker_up: 1,
  };
  expect(Object.fromEntries(Object.keys(values).map((series) => [series, valueOf(text, series)]))).toEqual(
    values,
  );
  expect(valueOf(text, 'offstage_queue_oldest_job_age_seconds{queue="other"}')).toBeGreaterThan(89);
  expect(valueOf(text, "offstage_relay_lag_seconds")).toBeGreaterThan(59);
  expect(valueOf(text, 'offstage_database_connections{state="active"}')).toBeGreaterThan(0);
  expect(valueOf(text, "offstage_database_max_connections")).toBeGreaterThan(10);
  expect(valueOf(text, 'offstage_database_pool_connections{pool="database",state="waiting"}')).toBe(0);
});

test("does not serve anything else", async () => {
  expect((await fetch(`http://127.0.0.1:${ports.api}/`)).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${ports.api}/metrics`, { method: "POST" })).status).toBe(404);
});
