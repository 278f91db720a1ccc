import type { Sql } from "../../../workers/core/index.ts";

/** A foreign key of one column. */
export interface Reference {
  from: string;
  column: string;
  to: string;
  /** The column that it refers to. */
  key: string;
}

/** Every foreign key of the application's tables, from the database's catalog. */
export const findReferences = async (sql: Sql): Promise<Reference[]> => {
  const found = await sql<Reference & { columns: number }>(
    `SELECT own.relname AS "from", a.attname AS "column", other.relname AS "to", b.attname AS key,
            cardinality(c.conkey) AS columns
       FROM pg_constraint c
       JOIN pg_class own ON own.oid = c.conrelid JOIN pg_class other ON other.oid = c.confrelid
       JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
       JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
      WHERE c.contype = 'f' AND own.relnamespace = 'public'::regnamespace`,
    [],
  );
  if (found.some(({ columns }) => columns !== 1)) throw new Error("a foreign key has several columns");
  return found;
};

interface FoundRow {
  /** SQL: the condition that finds the row again. */
  key: string;
  row: string;
}

/** All rows of a user, by table: the user, what refers to it directly or through others, and what it owns. */
export const rowsReachedFrom = async (
  sql: Sql,
  references: readonly Reference[],
  userId: string,
): Promise<Record<string, FoundRow[]>> => {
  const reached = new Map<string, Map<string, FoundRow>>();
  const add = async (table: string, condition: string) => {
    const rows = await sql<{ row: string; id: string | null }>(
      `SELECT to_jsonb(t)::text AS row, to_jsonb(t) ->> 'id' AS id
         FROM "${table}" t WHERE ${condition}`,
      [],
    );
    const known = reached.get(table) ?? new Map<string, FoundRow>();
    reached.set(table, known);
    for (const { row, id } of rows) {
      if (known.has(row)) continue;
      known.set(row, { key: `to_jsonb(t) @> '${row.replaceAll("'", "''")}'`, row });
      if (!id) continue;
      for (const { from, column } of references.filter(({ to }) => to === table))
        if (from !== "Job") await add(from, `"${column}" = '${id}'`);
      if (table === "User")
        await add(
          "Project",
          `id IN (SELECT "projectId" FROM "ProjectMember" WHERE "userId" = '${id}' AND role = 'OWNER')`,
        );
    }
  };
  await add("User", `id = '${userId}'`);
  return Object.fromEntries(
    [...reached]
      .map(
        ([table, rows]) => [table, [...rows.values()].toSorted((a, b) => (a.row < b.row ? -1 : 1))] as const,
      )
      .filter(([, rows]) => rows.length > 0),
  );
};
