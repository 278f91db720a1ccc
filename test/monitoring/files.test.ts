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

it("each alert has a severity, and a section in the runbook that has all parts and its name", () => {
  expect(names.length).toBeGreaterThan(20);
  for (const rule of rules) {
    const [name = ""] = /^\w+/.exec(rule) ?? [];
    expect(rule, name).toMatch(/severity: (critical|warning)/);
    if (rule.includes("annotations: *")) continue;
    const anchor = /runbook_url: docs\/runbook\.md#([\w-]+)/.exec(rule)?.[1] ?? "";
    const section = sections.get(anchor);
    expect(section, `${name}: ${anchor}`).toContain(`\`${name}\``);
    for (const part of ["**Meaning.**", "**First look.**", "**Fix.**", "**Try it.**"])
      expect(section, `${anchor}: ${part}`).toContain(part);
  }
});

it("each section of the runbook has an alert", () => {
  const used = [...alerts.matchAll(/runbook\.md#([\w-]+)/g)].map(([, anchor]) => anchor);
  expect([...sections.keys()].toSorted()).toEqual([...new Set(used)].toSorted());
});

it("each alert fires in a scenario, and has a moment in which it is silent", () => {
  const blocks = scenarios.split(/^ {2}- name: /m).slice(1);
  for (const name of names) {
    const firing = blocks.filter((block) => block.includes(`alertname="${name}"`));
    expect(firing.length, name).toBeGreaterThan(0);
    expect(firing.join(), `${name} is silent`).toContain("exp_samples: []");
  }
});

it("Alertmanager's rules name alerts that exist", () => {
  const named = [...inhibitions.matchAll(/Offstage[A-Z]\w+/g)].map(([name]) => name);
  expect([...new Set(named)].filter((name) => !names.includes(name))).toEqual([]);
});
