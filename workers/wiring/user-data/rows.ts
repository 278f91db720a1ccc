import type { Tx } from "../../../infra/database.ts";
import type { PurgedBatch } from "../../core/index.ts";
import { BATCH, inBatch, type Remove } from "./removal.ts";

export interface OwnedRows {
  table: string;
  /** The column that names the user, or the project. */
  owner: string;
  /** The order of an index on the owner and this column. By default the rows have no order, because they are few. */
  cursor?: Cursor;
  /** What the rows are counted as. */
  counted: string;
  /** SQL: only these. */
  only?: string;
}

export interface Cursor {
  column: string;
  type: "uuid" | "int" | "timestamptz";
}

export const byId: Cursor = { column: "id", type: "uuid" };

/** Deletes the rows of a user. */
export const deleteRows =
  (rows: OwnedRows): Remove =>
  (removal, after) =>
    inBatch(removal, (tx) => deleteBatch(tx, rows, removal.userId, after));

/** Keeps the rows, because they belong to others, without saying whose they were. */
export const anonymiseRows =
  (rows: OwnedRows & { cursor: Cursor }): Remove =>
  (removal, after) =>
    inBatch(removal, (tx) => changeBatch(tx, rows, removal.userId, after, setNull(rows)));

/**
 * Deletes one batch. It begins at the value of the last deleted row: before it, the index is full of entries of deleted
 * rows until a vacuum.
 */
export const deleteBatch = (tx: Tx, rows: OwnedRows, ownerId: string, after: string | undefined) =>
  changeBatch(tx, rows, ownerId, after, `DELETE FROM "${rows.table}"`);

const setNull = ({ table, owner }: OwnedRows) => `UPDATE "${table}" SET "${owner}" = NULL`;

const changeBatch = async (
  tx: Tx,
  { table, owner, cursor, counted, only = "true" }: OwnedRows,
  ownerId: string,
  after: string | undefined,
  change: string,
): Promise<PurgedBatch> => {
  const value = cursor && `"${cursor.column}"`;
  const from = value && after !== undefined ? `AND ${value} >= $2::${cursor.type}` : "";
  const order = value ? `ORDER BY ${value}` : "";
  const [found] = await tx.$queryRawUnsafe<[{ count: number; last: string | null }]>(
    `WITH changed AS (
       ${change} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM "${table}" WHERE "${owner}" = $1::uuid AND ${only} ${from}
          ${order} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))
       RETURNING ${value ?? "NULL"} AS value)
     SELECT count(*)::int AS count, (array_agg(value ORDER BY value DESC))[1]::text AS last FROM changed`,
    ...[ownerId, ...(from ? [after] : [])],
  );
  return { counts: { [counted]: found.count }, next: found.count === BATCH ? (found.last ?? "") : undefined };
};
