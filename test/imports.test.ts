import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "offstage-imports-"));
  await cp(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
});
afterAll(() => rm(folder, { recursive: true }));

/** What the linter reports about the first of these files, given as path → source. */
const lintFiles = async (files: Record<string, string>): Promise<string> => {
  for (const [file, source] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), source);
  }
  const [first = ""] = Object.keys(files);
  const args = [join(root, "node_modules/oxlint/bin/oxlint"), "--disable-nested-config", first];
  const report = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: folder }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  for (const file of Object.keys(files)) await rm(join(folder, file));
  return report;
};

/** What the linter reports about a file with one import. */
const lint = (file: string, imported: string) =>
  lintFiles({ [file]: `import { thing } from "${imported}";\nexport const use = thing;\n` });

test.each([
  ["of values", (name: string) => `import { a } from "./${name}.ts";\nexport const b = a;\n`],
  ["of types alone", (name: string) => `import type { A } from "./${name}.ts";\nexport type B = A;\n`],
  ["of inline types alone", (name: string) => `import { type A } from "./${name}.ts";\nexport type B = A;\n`],
])("a circle %s is refused", async (_kind, source) => {
  const files = { "api/http/one.ts": source("two"), "api/http/two.ts": source("one") };
  expect(await lintFiles(files)).toContain("no-cycle");
});

test.each([
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
])("%s may not import %s", async (file, imported, reason) => {
  expect(await lint(file, imported)).toContain(reason);
});

test.each([
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
])("%s may import %s", async (file, imported) => {
  expect(await lint(file, imported)).toContain("Found 0 warnings and 0 errors");
});
