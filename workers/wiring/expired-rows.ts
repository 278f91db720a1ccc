import type { Database } from "../../infra/database.ts";
import type { PurgedBatch } from "../core/index.ts";

type Prisma = Pick<Database["prisma"], "$queryRawUnsafe">;

export interface ExpiredRows {
  table: string;
  /** Needs an index. A row whose value is `until` or before is deleted. */
  column: string;
  type?: "timestamptz" | "bigint";
  /** What the rows are counted as. */
  counted: string;
}

/**
 * Deletes one batch in the order of the column's index, from the value of the last deleted row on: before it, the index
 * is full of entries of deleted rows until a vacuum. Rows that another transaction has locked are left to the next run,
 * so that it never waits, and two runs never block each other. A row that changed since the statement began is
 * compared again when it is locked. Addressing the locked rows by ctid cannot become a scan of the table, as a join
 * could.
 */
export const deleteExpiredRows = (
  prisma: Prisma,
  { table, column, type = "timestamptz", counted }: ExpiredRows,
) => {
  const text = `
    WITH deleted AS (
      DELETE FROM "${table}"
       WHERE "${column}" <= $1::${type}
         AND ctid = ANY (ARRAY(
           SELECT ctid FROM "${table}" WHERE "${column}" <= $1::${type} AND "${column}" >= $2::${type}
            ORDER BY "${column}" LIMIT $3::int FOR UPDATE SKIP LOCKED))
      RETURNING "${column}" AS value)
    SELECT count(*)::int AS count, max(value)::text AS last FROM deleted`;
  const first = type === "bigint" ? "0" : "-infinity";

  return async (until: Date, after: string | undefined, limit: number): Promise<PurgedBatch> => {
    const bound = type === "bigint" ? `${until.getTime()}` : until.toISOString();
    const [found] = await prisma.$queryRawUnsafe<[Deleted]>(text, bound, after ?? first, limit);
    return { counts: { [counted]: found.count }, next: found.last ?? undefined };
  };
};

interface Deleted {
  count: number;
  /** Null if no row was left to delete. */
  last: string | null;
}
