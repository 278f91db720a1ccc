import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

// Needs Debian's packages `prometheus` and `prometheus-alertmanager`, so it runs only with PROMETHEUS=true, as in CI.

const monitoring = join(import.meta.dirname, "../../monitoring");
const alertmanager = join(monitoring, "alertmanager/alertmanager.yml");

/** What it prints. @throws Error with its output if it fails */
const run = async (program: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(program, args, { cwd: monitoring })).stdout;

it("Prometheus accepts its configuration and all rules", async () => {
  await run("promtool", "check", "config", "prometheus/prometheus.yml");
});

it("each alert fires when it must, and is silent otherwise", async () => {
  const files = globSync("prometheus/tests/*.test.yml", { cwd: monitoring });
  expect(files).not.toEqual([]);
  await run("promtool", "test", "rules", ...files);
});

it("Alertmanager accepts its configuration, and mails critical alerts to those on call", async () => {
  await run("amtool", "check-config", alertmanager);
  const receiver = (severity: string) =>
    run("amtool", "config", "routes", "test", `--config.file=${alertmanager}`, `severity=${severity}`);
  expect([await receiver("critical"), await receiver("warning")]).toEqual(["on-call\n", "operators\n"]);
});
