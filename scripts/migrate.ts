import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { loadConfigOrExit } from "../infra/config.ts";
import { migratePostgresBroker } from "../workers/core/broker-postgres.ts";
import { beginSession, checkPooler, fromPooler, PoolerError, ReadOnlyError } from "../workers/core/index.ts";

const root = join(import.meta.dirname, "..");
const migrations = join(root, "prisma/migrations");

interface Stores {
  readonly databaseUrl: string;
  readonly queueUrl: string;
}

/**
 * Migrates the database with Prisma's migrations, and with BullMQ's if the broker is PostgreSQL.
 * Waits up to 60 s for the database until it can be written.
 * @throws Error if it stays unavailable, refuses the connection, is behind a pooler that cannot be used, or a migration
 *   fails.
 */
export const migrate = async ({ databaseUrl, queueUrl }: Stores): Promise<void> => {
  const client = await connect("DATABASE_URL", databaseUrl);
  const behind = await isBehind(client).finally(() => client.end());
  const hasQueues = queueUrl.startsWith("postgres");
  if (hasQueues && queueUrl !== databaseUrl) await (await connect("QUEUE_URL", queueUrl)).end();
  await Promise.all([
    behind ? deploy(databaseUrl) : undefined,
    hasQueues ? migratePostgresBroker(queueUrl) : undefined,
  ]);
};

const connect = async (variable: string, url: string): Promise<pg.Client> => {
  const deadline = Date.now() + 60_000;
  for (let tries = 0; ; tries++) {
    const open = () => new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    const client = open();
    client.on("error", () => {}); // the current statement rejects too
    try {
      await client.connect();
      await checkSession(client, open);
      return client;
    } catch (cause) {
      const error = fromPooler(cause);
      await client.end();
      if (error instanceof PoolerError)
        throw new Error(`${variable}: ${error.message} See docs/connection-poolers.md.`, { cause: error });
      const reason = `${client.host}:${client.port} (database ${client.database}): ${reasonOf(error)}`;
      if (isRefusal(error))
        throw new Error(`PostgreSQL refuses the connection to ${reason}`, { cause: error });
      if (Date.now() > deadline)
        throw new Error(`PostgreSQL was unavailable for 60 s at ${reason}`, { cause: error });
      if (tries === 0) console.log(`Waiting up to 60 s for PostgreSQL at ${reason}`);
    }
    await sleep(500);
  }
};

const checkSession = async (client: pg.Client, open: () => pg.Client) => {
  const session = await beginSession(client, {});
  if (session.isReadOnly) throw new ReadOnlyError();
  if (session.isPooled) await checkPooler(session, open);
};

/** A wrong password or role (class 28), or a database that does not exist (3D): waiting does not help. */
const isRefusal = (error: unknown) => error instanceof pg.DatabaseError && /^(28|3D)/.test(error.code ?? "");

const reasonOf = (error: unknown) =>
  error instanceof AggregateError
    ? error.errors.join(", ")
    : error instanceof Error
      ? error.message
      : String(error);

/** If all migrations on disk are applied, Prisma's CLI, which takes a second or two, need not run. */
const isBehind = async (client: pg.Client): Promise<boolean> => {
  const { rows } = await client
    .query<{ applied: string }>(
      `SELECT migration_name || ' ' || checksum AS applied FROM _prisma_migrations
       WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
    )
    .catch((error: unknown) => {
      if (error instanceof pg.DatabaseError && error.code === noSuchTable) return { rows: [] };
      throw error;
    });
  const applied = new Set(rows.map((row) => row.applied));
  return (await listMigrations()).some((migration) => !applied.has(migration));
};

const noSuchTable = "42P01";

const listMigrations = async (): Promise<string[]> => {
  const entries = await readdir(migrations, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const checksum = async (name: string) =>
    createHash("sha256")
      .update(await readFile(join(migrations, name, "migration.sql")))
      .digest("hex");
  return Promise.all(names.map(async (name) => `${name} ${await checksum(name)}`));
};

const STALE =
  "If an older checkout created this database, drop it. That of `npm start` is in .data/postgres.";

const deploy = async (databaseUrl: string): Promise<void> => {
  const prisma = join(root, "node_modules/prisma/build/index.js");
  const env = { ...process.env, DATABASE_URL: databaseUrl };
  await promisify(execFile)(process.execPath, [prisma, "migrate", "deploy"], { cwd: root, env }).catch(
    ({ stdout, stderr }: { stdout: string; stderr: string }) => {
      throw new Error(`\`prisma migrate deploy\` failed:\n${stdout}${stderr}\n${STALE}`);
    },
  );
};

if (process.argv[1] === import.meta.filename) {
  const { databaseUrl, queueUrl } = loadConfigOrExit("migrate");
  try {
    await migrate({ databaseUrl, queueUrl });
    console.log("The database is up to date.");
  } catch (error) {
    console.error(reasonOf(error));
    process.exit(1);
  }
}
