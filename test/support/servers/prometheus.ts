import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endedWithParent } from "../../../scripts/processes/parent-death.ts";
import { freePort } from "../../../scripts/processes/ports.ts";
import { until } from "../../../scripts/processes/until.ts";

const monitoring = join(import.meta.dirname, "../../../monitoring");

export interface Sample {
  metric: Record<string, string>;
  value: [time: number, value: string];
}

export interface Rule {
  name: string;
  query: string;
  type: "alerting" | "recording";
}

export interface Prometheus extends AsyncDisposable {
  /** The samples that an instant query returns. @throws Error with Prometheus' message if the query is invalid */
  query(expression: string): Promise<Sample[]>;
  rules(): Promise<Rule[]>;
  /** The names of all metrics, recorded ones included. */
  names(): Promise<string[]>;
}

/** The metrics ports of the processes, by the job of prometheus.yml. */
export type Targets = Readonly<Record<string, readonly number[]>>;

/**
 * Starts the Prometheus of this machine with the project's configuration and rules, except that it scrapes `targets`
 * and evaluates rules every second. It does not outlive this process.
 */
export const startPrometheus = async (targets: Targets, alertmanager: number): Promise<Prometheus> => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-prometheus-"));
  const original = await readFile(join(monitoring, "prometheus/prometheus.yml"), "utf8");
  const jobs = Object.entries(targets).map(([name, ports]) => {
    const addresses = ports.map((port) => `127.0.0.1:${port}`).join();
    return `  - { job_name: ${name}, static_configs: [{ targets: [${addresses}] }] }\n`;
  });
  const config = original
    .replace(/^scrape_configs:[^]*/m, `scrape_configs:\n${jobs.join("")}`)
    .replace("rules/*.yml", join(monitoring, "prometheus/rules/*.yml"))
    .replace("alertmanager:9093", `127.0.0.1:${alertmanager}`)
    .replaceAll(/(?<=interval: |timeout: )\d+s/g, "1s");
  const file = join(folder, "prometheus.yml");
  await writeFile(file, config);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = ["--config.file", file, "--storage.tsdb.path", folder];
  const stop = await startServer("prometheus", [...args, `--web.listen-address=127.0.0.1:${port}`], url);

  const get = async <Data>(path: string): Promise<Data> => {
    const response = await fetch(`${url}/api/v1/${path}`);
    const body = (await response.json()) as { status: string; data: Data; error?: string };
    if (body.status !== "success") throw new Error(`${path}: ${body.error}`);
    return body.data;
  };
  return {
    query: async (expression) => {
      const path = `query?query=${encodeURIComponent(expression)}`;
      const { result } = await get<{ result: Sample[] }>(path);
      return result;
    },
    rules: async () => {
      const { groups } = await get<{ groups: { rules: Rule[] }[] }>("rules");
      return groups.flatMap(({ rules }) => rules);
    },
    names: () => get<string[]>("label/__name__/values"),
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
};

interface Alertmanager extends AsyncDisposable {
  readonly port: number;
}

/**
 * Starts the Alertmanager of this machine with the project's configuration, except that it mails to the SMTP server at
 * `smtp` (`host:port`) and does not wait for more alerts of a group. It does not outlive this process.
 */
export const startAlertmanager = async (smtp: string): Promise<Alertmanager> => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-alertmanager-"));
  const original = await readFile(join(monitoring, "alertmanager/alertmanager.yml"), "utf8");
  const config = original.replace("sandbox:1025", smtp).replaceAll(/group_wait: \d+s/g, "group_wait: 0s");
  const file = join(folder, "alertmanager.yml");
  await writeFile(file, config);
  const port = await freePort();
  const args = [
    ...["--config.file", file, "--storage.path", folder, "--cluster.listen-address="],
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const stop = await startServer("prometheus-alertmanager", args, `http://127.0.0.1:${port}`);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
};

/** Resolves when it is ready, with a function that stops it. */
const startServer = async (program: string, args: string[], url: string): Promise<() => Promise<void>> => {
  const [first = "", ...rest] = [...endedWithParent("TERM"), program, ...args];
  const server = spawn(first, rest, { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  server.stderr.on("data", (text) => (output += text));
  await once(server, "spawn");
  const isReady = async () => {
    if (server.exitCode !== null) throw new Error(`${program} ended: ${output}`);
    return (await fetch(`${url}/-/ready`)).ok;
  };
  await until(`${program} is ready`, isReady);
  return async () => {
    const ended = once(server, "exit");
    if (server.kill("SIGKILL")) await ended;
  };
};
