import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dashboards } from "../../scripts/dashboards.ts";
import { freePort } from "../../scripts/processes/ports.ts";
import { createRedisServer, redisArgs } from "../../scripts/processes/redis-server.ts";
import { until } from "../../scripts/processes/until.ts";
import { signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { metricsOf, operandsOf } from "../support/monitoring/promql.ts";
import { type Prometheus, startAlertmanager, startPrometheus } from "../support/servers/prometheus.ts";
import { startScriptedProvider } from "../support/servers/scripted-smtp.ts";

// Needs Debian's packages `prometheus`, `prometheus-alertmanager` and `redis-server`, so it runs only with
// PROMETHEUS=true, as in CI. One system for all tests, with Redis, because some metrics are about it.

const cleanups = new AsyncDisposableStack();
let system: System;
let prometheus: Prometheus;
let apiMetrics: number;
let workerMetrics: number;

beforeAll(async () => {
  [apiMetrics, workerMetrics] = [await freePort(), await freePort()];
  system = cleanups.use(await createSystem({ queueUrl: await startRedis() }));
  const smtp = new URL(system.env["SMTP_URL"] ?? "").host;
  const alertmanager = cleanups.use(await startAlertmanager(smtp));
  const targets = { "offstage-api": [apiMetrics], "offstage-worker": [workerMetrics] };
  prometheus = cleanups.use(await startPrometheus(targets, alertmanager.port));
  await Promise.all([startApi(), crashWorker()]);
  await useAll();
});
afterAll(() => cleanups.disposeAsync());

const startRedis = async (): Promise<string> => {
  const folder = cleanups.adopt(await mkdtemp(join(tmpdir(), "offstage-redis-")), (path) =>
    rm(path, { recursive: true }),
  );
  const port = await freePort();
  const limits = ["--maxmemory", "100mb", "--maxmemory-policy", "noeviction"];
  const redis = createRedisServer(port, [...redisArgs(port, folder, "no log"), ...limits]);
  await redis.start();
  cleanups.defer(() => redis.end("SIGKILL"));
  return `redis://127.0.0.1:${port}`;
};

const startApi = () => system.start("api/main.ts", { METRICS_PORT: `${apiMetrics}` }).wrote("listening");

const startWorker = async (env: Record<string, string> = {}) => {
  const worker = system.start("workers/main.ts", { METRICS_PORT: `${workerMetrics}`, ...env });
  await worker.wrote("working");
  return worker;
};

/** A worker that is killed during a run, so that another one finds a crash. */
const crashWorker = async () => {
  await until("the API responds", async () => (await fetch(`${system.apiUrl}/healthz`)).ok);
  await system.setMailOutage("hang");
  await signUp(system.apiUrl, "crash@example.com");
  const victim = await startWorker();
  const running = `SELECT 1 FROM "Job" WHERE name = 'email' AND "startedAt" IS NOT NULL`;
  await until("the mail is being sent", async () => (await system.sql(running, [])).length > 0);
  await victim.kill();
  await system.setMailOutage("off");
};

let worker: Awaited<ReturnType<typeof startWorker>>;

/** Requests of each kind, jobs that complete, one that is retried and one that fails. */
const useAll = async () => {
  worker = await startWorker();
  await until(
    "Prometheus scrapes the worker",
    async () => (await prometheus.query("sum(up) == 2")).length > 0,
  );
  await signUp(system.apiUrl, "ada@example.com");
  await fetch(`${system.apiUrl}/v1/me`); // 401
  await untilMetric("offstage_jobs_completed_total");
  await system.setMailOutage("refuse");
  await signUp(system.apiUrl, "retry@example.com");
  await untilMetric('offstage_job_retries_total{kind="provider"}');
  await system.setMailOutage("reject");
  await signUp(system.apiUrl, "fail@example.com");
  await untilMetric("offstage_jobs_failed_total");
  await system.setMailOutage("off");
  await failRequest();
  await untilMetric("offstage_job_rescue_seconds_count");
};

/** A request whose statement exceeds its time limit of 5 s, because its table is locked. */
const failRequest = async () => {
  const lock = system.sql(`BEGIN; LOCK TABLE "User"; SELECT pg_sleep(7); COMMIT`, []);
  const { status } = await signUp(system.apiUrl, "locked@example.com");
  expect(status).toBeGreaterThanOrEqual(500);
  await lock;
};

const untilMetric = (selector: string) =>
  until(`${selector} is counted`, async () => {
    const samples = await prometheus.query(`sum(${selector}) > 0`);
    return samples.length > 0;
  });

/** A query as Prometheus takes it: without the variables of Grafana. */
const plain = (query: string) =>
  query.replaceAll("$__rate_interval", "1m").replaceAll("$queue", ".+").replaceAll("$__range", "1h");

const panels = Object.entries(dashboards).flatMap(([name, { panels: all = [] }]) =>
  all.flatMap((panel) => {
    const targets = "targets" in panel ? (panel.targets ?? []) : [];
    return targets.map((target) => ({
      where: `${name}: ${panel.title}`,
      query: plain((target as { expr?: string }).expr ?? ""),
    }));
  }),
);

describe("against a Prometheus that scrapes a running system", () => {
  it("every rule has data, and so has every part of an alert", async () => {
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThan(40);
    await expectData(
      rules.flatMap(({ name, query }) => operandsOf(query).map((part) => ({ where: name, query: part }))),
    );
  });

  it("every panel has data", async () => {
    expect(panels.length).toBeGreaterThan(70);
    await expectData(panels);
  });

  it("every metric that rules and panels name exists", async () => {
    const rules = await prometheus.rules();
    const named = new Set([...rules, ...panels].flatMap(({ query }) => metricsOf(query)));
    const names = await prometheus.names();
    // It exists from the first alert on. One fires in the last test.
    expect([...named].filter((name) => !names.includes(name) && name !== "ALERTS")).toEqual([]);
  });

  it("docs/monitoring.md lists every metric with its type and labels", async () => {
    expect(await documented()).toEqual(await exported());
  });

  it("when the mail provider refuses the password, Alertmanager mails those on call", async () => {
    await worker.kill("SIGTERM");
    await using provider = await startScriptedProvider(({ stage }) =>
      stage === "AUTH" ? "535 5.7.8 wrong password" : undefined,
    );
    await startWorker({ SMTP_URL: provider.url, WORKERS: "email" });
    await signUp(system.apiUrl, "late@example.com");
    const mail = await until("a mail about the alert is in the inbox", async () =>
      (await system.mails()).find(({ to }) => to === "on-call@offstage.example"),
    );
    expect(mail.subject).toContain("OffstageProviderNeedsOperator");
    expect(mail.html).toContain("docs/runbook.md#provider-needs-an-operator");
  });
});

/** Waits until each query returns at least one number, since some windows fill only now. */
const expectData = async (queries: { where: string; query: string }[]) => {
  let missing = queries;
  await until("every query has data", async () => {
    const still = await Promise.all(missing.map(async (each) => ((await hasData(each.query)) ? [] : [each])));
    missing = still.flat();
    return missing.length === 0;
  }, 20_000).catch(() => expect(missing).toEqual([])); // prettier-ignore
};

const hasData = async (query: string) => {
  const samples = await prometheus.query(query);
  return samples.some(({ value: [, value] }) => value !== "NaN");
};

/** `name type label, label` of each own metric of the processes. */
const exported = async () => {
  const found = new Map<string, string>();
  for (const port of [apiMetrics, workerMetrics]) {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const [, name = "", type = ""] of text.matchAll(/^# TYPE (offstage_\w+) (\w+)$/gm)) {
      const labels = new Set<string>();
      for (const [, list = ""] of text.matchAll(
        new RegExp(`^${name}(?:_bucket|_count|_sum)?\\{(.*)\\} `, "gm"),
      ))
        for (const [, label = ""] of list.matchAll(/(\w+)="/g)) labels.add(label);
      labels.delete("le");
      found.set(name, `${name} ${type} ${[...labels].toSorted().join(", ")}`.trim());
    }
  }
  return [...found.values()].toSorted();
};

const documented = async () => {
  const text = await readFile(join(import.meta.dirname, "../../docs/monitoring.md"), "utf8");
  return [...text.matchAll(/^\| `(offstage_\w+)` +\| (\w+) +\| ([^|]*?) +\|/gm)]
    .map(([, name, type, labels = ""]) =>
      `${name} ${type} ${labels.replaceAll("`", "").split(", ").toSorted().join(", ")}`.trim(),
    )
    .toSorted();
};
