import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startPostgres } from "./postgres/embedded.ts";
import { freePort } from "./processes/ports.ts";

// npm run migration -- NAME: writes a migration from the existing migrations to the schema, to be reviewed and
// committed with the schema. (`prisma migrate dev` needs the native schema engine.)

const root = join(import.meta.dirname, "..");
const schema = "prisma/schema.prisma";

const writeMigration = async (name: string) => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-migration-"));
  await using cleanups = new AsyncDisposableStack();
  cleanups.defer(() => rm(folder, { recursive: true }));
  const postgres = await startPostgres({ folder: join(folder, "postgres"), port: await freePort() });
  cleanups.defer(postgres.stop);

  await prismaMigrate(postgres.url, "deploy");
  const comparison = ["--from-config-datasource", "--to-schema", schema, "--script"];
  const sql = await prismaMigrate(postgres.url, "diff", ...comparison);
  if (sql.includes("This is an empty migration")) return console.log(`The migrations match ${schema}.`);
  const migration = `prisma/migrations/${timestamp()}_${name}`;
  await mkdir(join(root, migration));
  await writeFile(join(root, migration, "migration.sql"), sql.trimStart());
  console.log(`${migration}/migration.sql\n\n${sql.trim()}`);
};

const prismaMigrate = async (databaseUrl: string, ...command: string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [join(root, "node_modules/prisma/build/index.js"), "migrate", ...command],
    { cwd: root, env: { ...process.env, DATABASE_URL: databaseUrl, PRISMA_SCHEMA_ENGINE_BINARY: engine } },
  ).catch((failed: { stdout: string; stderr: string }) => ({ ...failed, stdout: "" }));
  if (!stdout.trim()) throw new Error(`\`prisma migrate ${command[0]}\` failed:\n${stderr}`);
  return stdout;
};

const engine = join(import.meta.dirname, "postgres/migration-engine.mjs");

const timestamp = () => new Date().toISOString().replaceAll(/\D/g, "").slice(0, 14);

const [name] = process.argv.slice(2);
try {
  if (!/^[a-z0-9_]+$/.test(name ?? ""))
    throw new Error("Give the migration a name in lower case: npm run migration -- add_reports");
  await writeMigration(name ?? "");
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
