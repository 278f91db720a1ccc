import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** File, import, and the reason why the linter rejects it. */
const rejected = [
  ["workers/core/relay.ts", "../../infra/database.ts", "core is lifted into other apps"],
  ["workers/core/relay.ts", "../email/job.ts", "core is lifted into other apps"],
  ["workers/core/ledger/runs.ts", "../../../infra/database.ts", "core is lifted into other apps"],
  ["workers/core/ledger/runs.ts", "../../email/job.ts", "core is lifted into other apps"],
  ["workers/email/job.ts", "./mails.ts", "a job is a value"],
  ["workers/email/job.ts", "../core/worker.ts", "a job is a value"],
  ["workers/email/handler.ts", "../../infra/mail.ts", "lifted as one folder"],
  ["workers/email/handler.ts", "../push-notify/handler.ts", "only its job.ts"],
  ["workers/email/mails.ts", "../../api/app.ts", "lifted as one folder"],
  ["workers/email/handler.ts", "../wiring/video-records.ts", "only its job.ts"],
  ["workers/wiring/email.ts", "../../api/app.ts", "nothing imports the API"],
  ["workers/wiring/email.ts", "../../sandbox/sandbox.ts", "not part of the product"],
  ["workers/wiring/email.ts", "../../scripts/jobs/find.ts", "not part of the product"],
  ["workers/modules.ts", "./email/handler.ts", "needs nothing else"],
  ["workers/modules.ts", "../infra/mail.ts", "needs nothing else"],
  ["workers/schedules.ts", "../api/app.ts", "needs nothing else"],
  ["workers/main.ts", "../api/app.ts", "nothing imports the API"],
  ["workers/main.ts", "../test/support/core.ts", "not part of the product"],
  ["api/accounts/signup.ts", "../../workers/email/handler.ts", "never does them"],
  ["api/accounts/signup.ts", "../../workers/main.ts", "never does them"],
  ["api/accounts/signup.ts", "../../workers/wiring/video-records.ts", "never does them"],
  ["api/accounts/signup.ts", "../../workers/modules.ts", "never does them"],
  ["api/http/router.ts", "../accounts/authentication.ts", "imports no feature"],
  ["api/http/router.ts", "../app.ts", "imports no feature"],
  ["api/http/router.ts", "../deletion/routes.ts", "imports no feature"],
  ["api/accounts/login.ts", "../deletion/routes.ts", "does not import another feature"],
  ["api/accounts/login.ts", "../uploads/kinds.ts", "does not import another feature"],
  ["api/uploads/routes.ts", "../app.ts", "does not import another feature"],
  ["api/main.ts", "../workers/core/relay.ts", "core's public surface"],
  ["workers/email/handler.ts", "../core/errors.ts", "core's public surface"],
  ["workers/main.ts", "./core/start.ts", "core's public surface"],
  ["infra/mail.ts", "../workers/core/errors.ts", "core's public surface"],
  ["infra/mail.ts", "../workers/wiring/video-records.ts", "knows none"],
  ["api/app.ts", "../sandbox/sandbox.ts", "not part of the product"],
  ["infra/mail.ts", "../workers/email/job.ts", "knows none"],
  ["infra/mail.ts", "../api/app.ts", "below the processes"],
  ["sandbox/main.ts", "../api/app.ts", "nothing imports the API"],
] as const;

/** File, and an import that the linter accepts. */
const accepted = [
  ["workers/core/relay.ts", "./ledger/sql.ts"],
  ["workers/core/ledger/runs.ts", "../errors.ts"],
  ["workers/core/ledger/runs.ts", "./sql.ts"],
  ["workers/email/job.ts", "../core/job.ts"],
  ["workers/email/job.ts", "zod"],
  ["workers/email/handler.ts", "../core/index.ts"],
  ["workers/email/handler.ts", "../push-notify/job.ts"],
  ["workers/email/handler.ts", "./mails.ts"],
  ["workers/wiring/email.ts", "../../infra/mail.ts"],
  ["workers/wiring/email.ts", "../email/handler.ts"],
  ["workers/wiring/email.ts", "../core/job.ts"],
  ["workers/wiring/email.ts", "./infrastructure.ts"],
  ["workers/modules.ts", "./wiring/email.ts"],
  ["workers/schedules.ts", "./upload-purge/job.ts"],
  ["workers/main.ts", "../infra/mail.ts"],
  ["workers/main.ts", "./modules.ts"],
  ["api/accounts/signup.ts", "../../workers/email/job.ts"],
  ["api/main.ts", "../workers/core/index.ts"],
  ["infra/database.ts", "../workers/core/index.ts"],
  ["api/http/router.ts", "../deps.ts"],
  ["api/accounts/login.ts", "../http/contract.ts"],
  ["api/accounts/login.ts", "../rate-limits.ts"],
  ["api/accounts/login.ts", "./fields.ts"],
  ["test/flows/signup.test.ts", "../../api/app.ts"],
] as const;

const cycles = [
  ["values", (name: string) => `import { a } from "./${name}.ts";\nexport const b = a;\n`],
  ["types only", (name: string) => `import type { A } from "./${name}.ts";\nexport type B = A;\n`],
  ["inline types only", (name: string) => `import { type A } from "./${name}.ts";\nexport type B = A;\n`],
] as const;

interface Diagnostic {
  code: string;
  help: string;
  message: string;
  filename: string;
  labels: { span: { line: number } }[];
}

// One run of the linter for all cases, because each takes a second. A file has one import per line.
let diagnostics: Diagnostic[];
const imports = new Map<string, string[]>();
for (const [file, imported] of [...rejected, ...accepted])
  imports.set(file, [...(imports.get(file) ?? []), imported]);

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-imports-"));
  const write = async (file: string, source: string) => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), source);
  };
  await cp(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
  for (const [file, imported] of imports)
    await write(file, imported.map((path) => `export * from "${path}";\n`).join(""));
  for (const [index, [, source]] of cycles.entries()) {
    await write(`api/http/one-${index}.ts`, source(`two-${index}`));
    await write(`api/http/two-${index}.ts`, source(`one-${index}`));
  }
  const args = [join(root, "node_modules/oxlint/bin/oxlint"), "--disable-nested-config", "--format=json"];
  const report = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: folder }, (_error, stdout) => resolve(stdout));
  });
  diagnostics = JSON.parse(report).diagnostics;
  await rm(folder, { recursive: true });
});

/** The linter's messages about one import. */
const reasons = (file: string, imported: string): string[] => {
  const line = imports.get(file)!.indexOf(imported) + 1;
  return diagnostics
    .filter(({ code }) => code.includes("no-restricted-imports"))
    .filter(({ filename, labels }) => filename === file && labels.some(({ span }) => span.line === line))
    .map(({ message, help }) => `${message} ${help}`);
};

test.each(rejected)("%s may not import %s", (file, imported, reason) => {
  expect(reasons(file, imported)).toContainEqual(expect.stringContaining(reason));
});

test.each(accepted)("%s may import %s", (file, imported) => {
  expect(reasons(file, imported)).toEqual([]);
});

test.each(cycles.map(([kind], index) => [kind, index] as const))(
  "an import cycle of %s is rejected",
  (_kind, index) => {
    const found = diagnostics.filter(({ filename }) => filename === `api/http/one-${index}.ts`);
    expect(found.map(({ code }) => code)).toContainEqual(expect.stringContaining("no-cycle"));
  },
);
