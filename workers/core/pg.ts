import type pg from "pg";
import type { Database } from "./enqueue.ts";
import { CANNOT_WRITE } from "./errors.ts";
import type { Sql } from "./ledger/sql.ts";

/** Core's access to PostgreSQL for applications that use node-postgres without another client. */
export const createPgDatabase = (pool: pg.Pool): Database<pg.PoolClient> => ({
  sql: sqlOn(pool),
  transaction: async (work) => {
    const client = await pool.connect();
    try {
      await client.query("BEGIN");
      const result = await work(client, sqlOn(client));
      await client.query("COMMIT");
      client.release();
      return result;
    } catch (error) {
      // A connection that cannot roll back is discarded, and the server rolls back. So is one to a server that has
      // become read-only: a new connection may lead to its successor.
      await client.query("ROLLBACK").then(
        () => client.release((error as { code?: unknown }).code === CANNOT_WRITE),
        (cause: Error) => client.release(cause),
      );
      throw error;
    }
  },
});

const sqlOn =
  (client: pg.Pool | pg.PoolClient): Sql =>
  async (text, values) =>
    (await client.query(text, [...values])).rows;
