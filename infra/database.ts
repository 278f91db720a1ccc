import { createHash } from "node:crypto";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { type Prisma, PrismaClient } from "../prisma/client/client.ts";
import type { Database as JobDatabase } from "../workers/core/jobs.ts";
import type { Sql } from "../workers/core/ledger.ts";

export type Tx = Prisma.TransactionClient;

/** PostgreSQL as the application uses it: Prisma for its own tables, plain SQL for the ledger, one pool for both. */
export interface Database {
  prisma: PrismaClient;
  jobs: JobDatabase<Tx>;
  /** Rejects while PostgreSQL is out of reach. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

// Prepared once per connection and statement: parsing and planning cost more than most of these statements.
const names = new Map<string, string>();
const statementName = (text: string): string => {
  let name = names.get(text);
  if (!name) {
    name = createHash("sha1").update(text).digest("base64url");
    if (names.size < 500) names.set(text, name);
  }
  return name;
};

/**
 * Opens a pool of at most `connections`. Connects at first use, so it can be called while PostgreSQL is away.
 * The server ends a statement after 5 s and an idle transaction after 5 s, far below Prisma's own 30 s, because a
 * transaction that Prisma gives up on may still commit.
 */
export const openDatabase = (url: string, connections: number, onError: (error: Error) => void): Database => {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 3_000,
    statement_timeout: 5_000,
    idle_in_transaction_session_timeout: 5_000,
    keepAlive: true,
  });
  pool.on("error", onError);
  const adapter = new PrismaPg(pool, { statementNameGenerator: ({ sql }) => statementName(sql) });
  const prisma = new PrismaClient({ adapter });

  const sql: Sql = async (text, values) =>
    (await pool.query({ name: statementName(text), text, values: [...values] })).rows;

  return {
    prisma,
    jobs: {
      sql,
      transaction: (work) =>
        prisma.$transaction((tx) => work(tx, (text, values) => tx.$queryRawUnsafe(text, ...values)), {
          timeout: 30_000,
          maxWait: 5_000,
        }),
    },
    ping: async () => void (await sql("SELECT 1", [])),
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
};

// PostgreSQL's classes for "not now": connection (08), resources (53), operator intervention (57);
// and what Node and Prisma say of a server that is away, starting, or too slow.
const UNAVAILABLE =
  /^(08...|53...|57...|ECONN[A-Z]+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|P10(01|02|08|17)|P2024|P2028)$/;

/** Whether an error, or one of its causes, says that PostgreSQL cannot be reached right now. */
export const isUnavailable = (error: unknown): boolean => {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && UNAVAILABLE.test(String(cause.code))) return true;
    if (
      /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout)/.test(
        cause.message,
      )
    )
      return true;
  }
  return false;
};

/** Whether a row broke a unique constraint: Prisma's P2002. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "P2002";
