import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Sql } from "../workers/core/index.ts";

const folder = fileURLToPath(new URL("../prisma/migrations", import.meta.url));

/** Rejects while the database lacks a migration of this version. */
export const checkMigrations = async (sql: Sql): Promise<void> => {
  const entries = readdirSync(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const missing = await sql<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) name WHERE name NOT IN
       (SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL)`,
    [names],
  );
  if (missing.length > 0)
    throw new Error(`migrations are missing: ${missing.map(({ name }) => name).join(", ")}`);
};
