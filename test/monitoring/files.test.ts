import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { dashboardFiles } from "../../scripts/dashboards.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFile(join(root, path), "utf8");

const [alerts, scenarios, runbook, inhibitions] = await Promise.all([
  read("monitoring/prometheus/rules/alerts.yml"),
  read("monitoring/prometheus/tests/alerts.test.yml"),
  read("docs/runbook.md"),
  read("monitoring/alertmanager/alertmanager.yml"),
]);

/** The alerts, each with its text in the file. */
const rules = alerts.split(/^ +- alert: /m).slice(1);
const names = [...new Set(rules.map((rule) => /^\w+/.exec(rule)?.[0] ?? ""))];

/** The sections of the runbook by their anchors, as GitHub derives them. */
const sections = new Map(
  runbook
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const [heading = ""] = section.split("\n");
      return [
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, "")
          .replaceAll(" ", "-"),
        section,
      ];
    }),
);

it("the dashboards are those of their source", async () => {
  for (const { path, content } of await dashboardFiles()) expect(await readFile(path, "utf8")).toBe(content);
});

it("each alert has a severity, and a section in the runbook that has its name and all parts", () => {
  expect(names.length).toBeGreaterThan(20);
  const problems = rules.flatMap((rule) => {
    const name = /^\w+/.exec(rule)?.[0] ?? "";
    const severity = /severity: (critical|warning)/.test(rule) ? [] : [`${name}: no severity`];
    // The second rule of one alert has the annotations of the first.
    if (rule.includes("annotations: *")) return severity;
    const anchor = /runbook_url: docs\/runbook\.md#([\w-]+)/.exec(rule)?.[1] ?? "";
    const section = sections.get(anchor) ?? "";
    const parts = [`\`${name}\``, "**Meaning.**", "**First look.**", "**Fix.**", "**Try it.**"];
    return [
      ...severity,
      ...parts.filter((part) => !section.includes(part)).map((part) => `${name}: no ${part}`),
    ];
  });
  expect(problems).toEqual([]);
});

it("each section of the runbook has an alert", () => {
  const used = [...alerts.matchAll(/runbook\.md#([\w-]+)/g)].map(([, anchor]) => anchor);
  expect([...sections.keys()].toSorted()).toEqual([...new Set(used)].toSorted());
});

it("each alert fires at a time of a scenario, and no alert does at another time of it", () => {
  const blocks = scenarios.split(/^ {2}- name: /m).slice(1);
  const shown = names.filter((name) =>
    blocks.some((block) => block.includes(`alertname="${name}"`) && block.includes("exp_samples: []")),
  );
  expect(shown).toEqual(names);
});

it("Prometheus finds every service of docker compose that has workers", async () => {
  const services = [...(await read("docker-compose.yml")).matchAll(/^ {2}(worker-[a-z-]+):$/gm)];
  const targets = [
    ...(await read("monitoring/prometheus/prometheus.yml")).matchAll(/^ +- (worker-[a-z-]+)$/gm),
  ];
  const names = (found: RegExpMatchArray[]) => found.map(([, name]) => name).toSorted();
  expect(names(targets)).toEqual(names(services));
});

it("Alertmanager's rules name alerts that exist", () => {
  const named = [...inhibitions.matchAll(/Offstage[A-Z]\w+/g)].map(([name]) => name);
  expect([...new Set(named)].filter((name) => !names.includes(name))).toEqual([]);
});
