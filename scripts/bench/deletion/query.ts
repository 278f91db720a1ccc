/** Runs a statement on the database that is measured. */
export type Query = <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;

/** How many bytes the server has written to its write-ahead log so far. */
export const walBytes = async (query: Query): Promise<number> => {
  const [row] = await query<{ bytes: number }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS bytes`,
  );
  return row?.bytes ?? NaN;
};
