import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSource } from "./source.ts";

const problemOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error: { problem?: string }) => error.problem,
  );

test("shows a declaration with its comment, up to its last line", async () => {
  const { first, line, lines, ...rest } = await readSource({
    path: "workers/core/job.ts",
    symbol: "backoffDelay",
  });
  expect(rest).toEqual({ path: "workers/core/job.ts", symbol: "backoffDelay" });
  expect(lines[0]).toMatch(/^\/\*\* Milliseconds to wait/);
  expect(lines[line - first]).toContain("export const backoffDelay");
  expect(lines.join("\n")).toContain("Math.round");
});

test.each([
  ["workers/core/job.ts", "JobDefinition", "export interface JobDefinition"],
  ["workers/core/ledger/sql.ts", "Sql", "export type Sql"],
  ["workers/core/postgres.ts", "PostgresPool", "class PostgresPool"],
  ["prisma/schema.prisma", "Job", "model Job {"],
  ["prisma/schema.prisma", "JobState", "enum JobState {"],
  ["docs/notifications.md", "notifications", "# "],
])("finds in %s the symbol %s", async (path, symbol, declaration) => {
  const { line, first, lines } = await readSource({ path, symbol });
  expect(lines[line - first]).toContain(declaration);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThan(60);
});

test("without a symbol shows the first lines", async () => {
  const { first, line, lines, symbol } = await readSource({ path: "infra/config.ts" });
  expect({ first, line, symbol }).toEqual({ first: 1, line: 1, symbol: null });
  expect(lines).toHaveLength(40);
});

test.each([
  ...[
    "../package.json",
    "api/../package.json",
    "api/../../etc/passwd",
    "/etc/passwd",
    "api//app.ts",
    "api/./app.ts",
  ],
  ...[
    "api/%2e%2e/package.json",
    "..",
    ".",
    "",
    "api",
    "api/",
    "api\\app.ts",
    "api/app.ts\0.md",
    "api/app.ts/",
  ],
  ...[
    "package.json",
    ".env",
    ".env.example",
    ".git/config",
    "node_modules/pg/package.json",
    "scripts/start.ts",
  ],
  ...[
    "test/start.test.ts",
    "prisma/client/client.ts",
    "prisma/migrations/migration_lock.toml",
    ".data/files/x.ts",
  ],
  ...[
    "api/missing.ts",
    "workers/core",
    "docs/missing.md",
    "api/.hidden.ts",
    "infra/.env",
    "constructor/x.ts",
  ],
])("does not read %j", async (path) => {
  expect(await problemOf(readSource({ path }))).toBe("not-found");
});

test.each(["missing", "start.*", "(", "", "toString", "const"])("finds no symbol %j", async (symbol) => {
  const found = readSource({ path: "workers/core/relay.ts", symbol: symbol || "-" });
  expect(await problemOf(found)).toBe("not-found");
});

test("does not follow a link out of the repository", async () => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-source-"));
  await mkdir(join(folder, "repository/api"), { recursive: true });
  await writeFile(join(folder, "secret.ts"), "export const secret = 1;\n");
  await writeFile(join(folder, "repository/api/open.ts"), "export const open = 1;\n");
  await symlink(join(folder, "secret.ts"), join(folder, "repository/api/link.ts"));
  const read = (path: string) => readSource({ path }, join(folder, "repository"));
  expect(await read("api/open.ts")).toMatchObject({ lines: ["export const open = 1;", ""] });
  expect(await problemOf(read("api/link.ts"))).toBe("not-found");
  await rm(folder, { recursive: true });
});
