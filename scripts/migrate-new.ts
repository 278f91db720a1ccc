import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startPostgres } from "./embedded-postgres.ts";
import { freePort } from "./ports.ts";

// npm run migration -- NAME: writes the migration from the committed schema to the one in the folder, to be read and committed
// with it. (`prisma migrate dev` needs the native schema engine.)

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const schema = "prisma/schema.prisma";

const writeMigration = async (name: string) => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-migration-"));
  const postgres = await startPostgres({ folder: join(folder, "postgres"), port: await freePort() });
  try {
    const { stdout: committed } = await run("git", ["show", `HEAD:${schema}`], { cwd: root });
    await writeFile(join(folder, "committed.prisma"), committed);
    const sql = await diff(join(folder, "committed.prisma"), postgres.url);
    if (!sql.trim() || sql.includes("This is an empty migration"))
      return console.log(`${schema} is as it was committed.`);
    const migration = `prisma/migrations/${timestamp()}_${name}`;
    await mkdir(join(root, migration));
    await writeFile(join(root, migration, "migration.sql"), sql.trimStart());
    console.log(`${migration}/migration.sql\n\n${sql.trim()}`);
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true });
  }
};

/** Prisma's engine wants a database to talk to, whatever it compares. */
const diff = async (from: string, databaseUrl: string): Promise<string> => {
  const prisma = join(root, "node_modules/prisma/build/index.js");
  const command = [prisma, "migrate", "diff", "--from-schema", from, "--to-schema", schema, "--script"];
  const { stdout } = await run(process.execPath, command, {
    cwd: root,
    env: { ...process.env, DATABASE_URL: databaseUrl },
  });
  return stdout;
};

const timestamp = () => new Date().toISOString().replaceAll(/\D/g, "").slice(0, 14);

const [name] = process.argv.slice(2);
if (/^[a-z0-9_]+$/.test(name ?? "")) await writeMigration(name ?? "");
else {
  console.error("Name the migration in lower case: npm run migration -- add_reports");
  process.exit(1);
}
