import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { loadConfig, variables } from "../../infra/config.ts";
import type { JobDefinition } from "../../workers/core/index.ts";
import { modules } from "../../workers/modules.ts";
import { type Container, type Manifest, ofKind, render, type Workload } from "../support/deploy/manifests.ts";
import { refusals } from "../support/deploy/schemas.ts";

// CI installs kubectl: there, its absence fails the tests instead of skipping them.
const lacksKubectl = !process.env["CI"] && spawnSync("kubectl", ["version", "--client"]).status !== 0;

/** In the order in which they are applied. */
const parts = ["foundation", "migrate", "app"];

const root = join(import.meta.dirname, "../..");
const guide = await readFile(join(root, "docs/kubernetes.md"), "utf8");

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** The contents of the Secret `offstage`. */
const secrets: Record<string, string> = {
  DATABASE_URL: "postgres://app@db.internal/app?sslmode=verify-full",
  QUEUE_URL: "rediss://queue.internal",
  APP_SECRET: "0123456789abcdef0123456789abcdef",
  SMTP_URL: "smtps://user:password@mail.example.com",
  S3_CREDENTIALS: "key:another-secret",
  FCM_CREDENTIALS: JSON.stringify({
    ...{ type: "service_account", project_id: "sample", client_email: "push@sample.iam.gserviceaccount.com" },
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
  }),
  TRANSCRIPTION_KEY: "key",
};

const known = new Set<string>(Object.values(variables).map(([name]) => name));

interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; values: string[] }[];
}
type Budget = Manifest<{ selector: LabelSelector }>;
type Scaled = Manifest<{
  scaleTargetRef: { name: string };
  minReplicaCount: number;
  maxReplicaCount: number;
  triggers: [{ metadata: { query: string } }];
}>;

test.skipIf(lacksKubectl)("all manifests fit the schemas", async () => {
  const paths = ["production", "small"].flatMap((each) => parts.map((part) => `${each}/${part}`));
  const manifests = (await Promise.all(paths.map(render))).flat();
  expect(manifests.length).toBeGreaterThan(50);
  expect(await refusals(manifests)).toEqual([]);
});

describe.skipIf(lacksKubectl).each(["production", "small"])("the manifests for %s", (environment) => {
  let all: Manifest[];
  let workloads: Workload[];
  let deployments: Workload[];

  beforeAll(async () => {
    all = (await Promise.all(parts.map((part) => render(`${environment}/${part}`)))).flat();
    workloads = ofKind(all, "Deployment", "Job");
    deployments = ofKind(all, "Deployment");
  });

  test("contain no secret, and the guide lists the keys that they need", () => {
    expect(ofKind(all, "Secret")).toEqual([]);
    const references = workloads.flatMap((workload) => containerOf(workload).env);
    const keys = new Set(references.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef.key ?? []));
    for (const key of keys) expect(guide).toContain(`\`${key}\``);
    expect([...keys].filter((key) => !Object.hasOwn(secrets, key))).toEqual([]);
  });

  test("set variables that exist, to values that production accepts", () => {
    for (const workload of workloads) {
      const env = environmentOf(containerOf(workload), all);
      expect(Object.keys(env).filter((name) => !known.has(name))).toEqual([]);
      expect(env["NODE_ENV"]).toBe("production");
      loadConfig(kindOf(workload), env);
    }
  });

  test("run every module once, except the demo", () => {
    const running = deployments.flatMap((each) => modulesOf(each, all)).toSorted();
    expect(running).toEqual(
      Object.keys(modules)
        .filter((name) => name !== "demo-task")
        .toSorted(),
    );
  });

  test("run as an unprivileged user who can write to mounted volumes only", () => {
    for (const workload of workloads) {
      const { securityContext, volumes, automountServiceAccountToken } = workload.spec.template.spec;
      const container = containerOf(workload);
      expect(automountServiceAccountToken).toBe(false);
      expect(securityContext).toMatchObject({
        ...{ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      expect(container.securityContext).toMatchObject({
        ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
      });
      expect(container.resources.limits.memory).toBeDefined();
      expect(container.volumeMounts.map(({ name }) => name)).toEqual(volumes.map(({ name }) => name));
    }
  });

  test("give every process time to drain, and ask it on ports that it serves", () => {
    for (const deployment of deployments) {
      const { terminationGracePeriodSeconds = 30 } = deployment.spec.template.spec;
      expect(terminationGracePeriodSeconds).toBeGreaterThan(30); // the process exits after 28 s: infra/lifecycle.ts
      const container = containerOf(deployment);
      const env = environmentOf(container, all);
      const served = Object.fromEntries(
        container.ports?.map(({ name, containerPort }) => [name, containerPort]) ?? [],
      );
      expect(served["metrics"]).toBe(loadConfig(kindOf(deployment) as "api" | "worker", env).metricsPort);
      const isApi = kindOf(deployment) === "api";
      expect(served[isApi ? "http" : "health"]).toBe(
        isApi ? loadConfig("api", env).port : loadConfig("worker", env).healthPort,
      );
      for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"] as const)
        expect(Object.keys(served)).toContain(container[probe]?.httpGet.port);
    }
  });

  test("protect every Deployment from disruptions", () => {
    const budgets = ofKind<Budget>(all, "PodDisruptionBudget").map(({ spec }) => spec.selector);
    expect(budgets).toHaveLength(deployments.length);
    for (const { spec } of deployments)
      expect(budgets.filter((budget) => selects(budget, labelsOf(spec)))).toHaveLength(1);
  });

  test("route requests for the public address to the API", () => {
    const settings = environmentOf(containerOf(deployments.find((each) => kindOf(each) === "api")!), all);
    const [service] = ofKind<Manifest<{ ports: [{ port: number }] }>>(all, "Service");
    const backend = { name: service!.metadata.name, port: service!.spec.ports[0].port };
    const routes = ofKind<Manifest<{ hostnames: string[]; rules: object[] }>>(all, "HTTPRoute");
    for (const { spec } of routes)
      expect(spec.hostnames).toEqual([new URL(settings["PUBLIC_URL"]!).hostname]);
    expect(routes.find(({ metadata }) => metadata.name === "api")?.spec.rules).toMatchObject([
      { backendRefs: [backend] },
    ]);
  });

  test("select pods that exist", () => {
    const policies = ofKind<Manifest<{ podSelector: LabelSelector }>>(all, "NetworkPolicy");
    const monitors = ofKind<Manifest<{ selector: LabelSelector }>>(all, "PodMonitor");
    const services = ofKind<Manifest<{ selector: Record<string, string> }>>(all, "Service");
    const selectors = [
      ...policies.map(({ spec }) => spec.podSelector),
      ...monitors.map(({ spec }) => spec.selector),
      ...services.map(({ spec }) => ({ matchLabels: spec.selector })),
    ];
    expect(selectors.length).toBeGreaterThan(7);
    for (const selector of selectors)
      expect(workloads.filter((workload) => selects(selector, labelsOf(workload.spec)))).not.toEqual([]);
  });

  test("pin every image by its digest", () => {
    for (const workload of workloads)
      expect(containerOf(workload).image).toMatch(
        /^ghcr\.io\/your-org\/offstage[a-z-]*@sha256:[0-9a-f]{64}$/,
      );
  });
});

describe.skipIf(lacksKubectl)("in production", () => {
  let app: Manifest[];
  let scaled: Scaled[];

  beforeAll(async () => {
    app = await render("production/app");
    scaled = ofKind(app, "ScaledObject");
  });

  test("every group of workers is scaled by the backlog of its own queues", () => {
    const workers = ofKind<Workload>(app, "Deployment").filter((each) => kindOf(each) === "worker");
    expect(scaled.map(({ spec }) => spec.scaleTargetRef.name).toSorted()).toEqual(
      workers.map(({ metadata }) => metadata.name).toSorted(),
    );
    for (const worker of workers) {
      const { spec } = scaled.find((each) => each.spec.scaleTargetRef.name === worker.metadata.name)!;
      expect(queuesOf(spec.triggers[0].metadata.query)).toEqual(modulesOf(worker, app).toSorted());
      expect(worker.spec.replicas).toBeUndefined();
      expect(spec.minReplicaCount).toBeGreaterThan(0);
    }
  });

  test("no group that waits for a provider's limit grows beyond it", async () => {
    const limited: string[] = [];
    for (const { spec } of scaled)
      for (const queue of queuesOf(spec.triggers[0].metadata.query)) {
        const { rateLimit, concurrency } = await jobOf(queue);
        if (!rateLimit) continue;
        limited.push(queue);
        // Busy at the limit even if each run takes three seconds. More processes would only wait.
        const enough = Math.ceil((rateLimit.max / rateLimit.per) * (3_000 / concurrency));
        expect(spec.maxReplicaCount).toBeLessThanOrEqual(Math.max(enough, spec.minReplicaCount));
      }
    expect(limited).toEqual(expect.arrayContaining(["email", "push-notify"]));
  });

  test("the guide states how many connections the processes may open", () => {
    const [autoscaler] = ofKind<Manifest<{ maxReplicas: number }>>(app, "HorizontalPodAutoscaler");
    const most = scaled.reduce((sum, { spec }) => sum + spec.maxReplicaCount, autoscaler!.spec.maxReplicas);
    const surge = ofKind(app, "Deployment").length; // maxSurge: 1
    expect(guide).toContain(`${most} processes`);
    expect(guide).toContain(`(${most} + ${surge}) × 20 = ${(most + surge) * 20}`);
  });
});

test("an unknown field, a wrong value and an unknown kind are refused", async () => {
  const service = (name: string, port: object, kind = "Service"): Manifest => ({
    ...{ apiVersion: "v1", kind, metadata: { name }, spec: { ports: [port] } },
  });
  const right = service("right", { port: 80 });
  const misspelt = service("misspelt", { port: 80, targetport: "http" });
  const mistyped = service("mistyped", { port: "http" });
  const found = await refusals([right, misspelt, mistyped, service("unknown", { port: 80 }, "Servant")]);
  expect(found).toEqual([
    "Service mistyped: data/spec/ports/0/port must be integer",
    expect.stringMatching(/^Servant unknown: /),
    expect.stringMatching(/'"targetport"' does not exist in type 'IServicePort'/),
    expect.stringMatching(/Type 'string' is not assignable to type 'number'/),
    expect.stringMatching(/Servant/),
  ]);
});

const containerOf = (workload: Workload): Container => workload.spec.template.spec.containers[0];

const labelsOf = (spec: Workload["spec"]) => spec.template.metadata.labels;

const kindOf = (workload: Workload) =>
  labelsOf(workload.spec)["app.kubernetes.io/component"] as "api" | "worker" | "migrate";

const selects = (
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Record<string, string>,
) =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ""));

/** The environment that the kubelet would give the process. */
const environmentOf = ({ env, envFrom }: Container, all: readonly Manifest[]): Record<string, string> => {
  const maps = envFrom.map(({ configMapRef }) => {
    const map = ofKind(all, "ConfigMap").find(({ metadata }) => metadata.name === configMapRef.name);
    return map?.data ?? expect.fail(`no ConfigMap ${configMapRef.name}`);
  });
  const own = env.map(({ name, value, valueFrom }) => [name, value ?? secrets[valueFrom!.secretKeyRef.key]!]);
  return Object.assign({}, ...maps, Object.fromEntries(own));
};

const modulesOf = (workload: Workload, all: readonly Manifest[]): string[] =>
  environmentOf(containerOf(workload), all)["WORKERS"]?.split(",") ?? [];

const queuesOf = (query: string): string[] =>
  /offstage_queue_backlog_seconds\{namespace="offstage",queue=~?"([^"]+)"\}/
    .exec(query)![1]!
    .split("|")
    .toSorted();

const jobOf = async (name: string): Promise<JobDefinition> => {
  const exported = Object.values((await import(`../../workers/${name}/job.ts`)) as Record<string, unknown>);
  return exported.find((value) => (value as JobDefinition | undefined)?.name === name) as JobDefinition;
};
