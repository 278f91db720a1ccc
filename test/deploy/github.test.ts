import { existsSync, globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { loadConfig } from "../../infra/config.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFile(join(root, path), "utf8");

/** Parses a file as GitHub does: a duplicate key or a warning is an error. */
const parse = async (path: string): Promise<unknown> => {
  const document = parseDocument(await read(path));
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) throw new Error(path, { cause: problem });
  return document.toJS();
};

interface Workflow {
  permissions: Record<string, string>;
  jobs: {
    test: { strategy: { matrix: { include: { name: string; run: string; node?: string }[] } } };
  };
}
interface Form {
  name: string;
  description: string;
  body: { type: string; id?: string; attributes: { label?: string; value?: string; options?: string[] } }[];
}

const workflow = (await parse(".github/workflows/ci.yml")) as Workflow;
const manifest = JSON.parse(await read("package.json")) as {
  scripts: Record<string, string>;
  engines: { node: string };
};
const files = globSync([".github/**/*.{yml,md}", ".devcontainer/*.json"], { cwd: root });

test("the workflow runs every step of .ci/run", async () => {
  const steps = [
    ...(await read(".ci/run")).matchAll(/^(.*?)(?:step|begin) [\w-]+ (suite|npm run --silent) (.+)$/gm),
  ];
  const commands = steps.map(([, environment = "", program, rest = ""]) => {
    const [script, ...args] = rest.split(" ");
    const separator = program === "suite" && args.length > 0 ? ["--"] : [];
    return `${environment}${["npm run", script, ...separator, ...args].join(" ")}`;
  });
  expect(commands.length).toBeGreaterThan(7);
  const run = workflow.jobs.test.strategy.matrix.include.filter(({ node }) => !node).map((each) => each.run);
  expect(run.toSorted()).toEqual(commands.toSorted());
});

test("the workflow may only read, and runs the oldest Node that is supported", async () => {
  expect(workflow.permissions).toEqual({ contents: "read" });
  const text = await read(".github/workflows/ci.yml");
  expect(text).not.toMatch(/secrets\.|pull_request_target|: write/);
  const versions = workflow.jobs.test.strategy.matrix.include.flatMap(({ node }) => node ?? []);
  expect(manifest.engines.node).toBe(`>=${versions[0]}`);
  for (const [, version] of text.matchAll(/uses: \S+@(\S+)/g))
    expect(version).toMatch(/^(v\d+|[0-9a-f]{40})$/);
});

test("scripts and files that are named exist", async () => {
  const missing: string[] = [];
  for (const file of files) {
    const text = await read(file);
    const scripts = [...text.matchAll(/\bnpm (?:run )?([a-z][\w:-]*)/g)].map(([, script = ""]) => script);
    missing.push(
      ...scripts.filter((script) => !["audit", "ci"].includes(script) && !manifest.scripts[script]),
    );
    const paths = text.matchAll(
      /(?<![\w/.:])((?:\.ci|docs|scripts|workers)\/[\w./-]*\w|CHANGELOG\.md|package-lock\.json)/g,
    );
    missing.push(...[...paths].map(([, path = ""]) => path).filter((path) => !existsSync(join(root, path))));
  }
  expect(missing).toEqual([]);
});

test("the issue forms have fields of known types with a label each", async () => {
  const paths = files.filter((file) => file.includes("ISSUE_TEMPLATE") && !file.endsWith("config.yml"));
  const forms = await Promise.all(paths.map(async (path) => (await parse(path)) as Form));
  expect(forms.map(({ name }) => name).toSorted()).toEqual(["Bug", "Feature", "Lost or stuck job"]);
  for (const { description, body } of forms) {
    expect(description).toBeTruthy();
    const ids = body.flatMap(({ id }) => id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { type, id, attributes } of body) {
      expect(["markdown", "textarea", "input", "dropdown", "checkboxes"]).toContain(type);
      expect(type === "markdown" ? attributes.value : id && attributes.label).toBeTruthy();
      expect(type === "dropdown").toBe(Array.isArray(attributes.options));
    }
  }
});

test("Dependabot watches what the repository has", async () => {
  const { updates } = (await parse(".github/dependabot.yml")) as { updates: Record<string, string>[] };
  expect(updates.map((each) => each["package-ecosystem"])).toEqual([
    ...["npm", "docker", "docker-compose", "github-actions"],
  ]);
  await parse(".github/ISSUE_TEMPLATE/config.yml");
});

test("the development container forwards the ports of npm start", async () => {
  const { forwardPorts } = JSON.parse(await read(".devcontainer/devcontainer.json")) as {
    forwardPorts: number[];
  };
  const { port, sandboxHttpPort } = loadConfig("system", {});
  expect(forwardPorts).toEqual([port, sandboxHttpPort]);
});
