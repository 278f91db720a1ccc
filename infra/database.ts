import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { type Prisma, PrismaClient } from "../prisma/client/client.ts";
import {
  PostgresPool,
  type Database as JobDatabase,
  type PoolState,
  type Sql,
} from "../workers/core/index.ts";

export type Tx = Prisma.TransactionClient;

/** Core's access to the ledger inside a transaction of Prisma's. */
export const sqlOf =
  (tx: Pick<Tx, "$queryRawUnsafe">): Sql =>
  (text, values) =>
    tx.$queryRawUnsafe(text, ...values);

/** PostgreSQL with one pool: Prisma for the application's tables, plain SQL for the ledger. */
export interface Database {
  prisma: PrismaClient;
  jobs: JobDatabase<Tx>;
  /** Rejects while PostgreSQL is unavailable, or may only be read. */
  ping(): Promise<void>;
  /** The connections of its pool now. */
  pool(): PoolState;
  close(): Promise<void>;
}

// Statements are prepared once per connection: parsing and planning cost more than executing most of them.
const names = new Map<string, string>();
const statementName = (text: string): string => {
  let name = names.get(text);
  if (!name) {
    name = createHash("sha1").update(text).digest("base64url");
    if (names.size < 500) names.set(text, name);
  }
  return name;
};

/** The connection of the transaction that the current call chain has begun. */
const transaction = new AsyncLocalStorage<{ client?: pg.PoolClient }>();

/**
 * Records the connection that Prisma uses for a transaction, so that the ledger can use it in the same transaction,
 * without Prisma's handling of raw SQL, which costs three times as much as the statement.
 */
class Pool extends PostgresPool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Parameters<pg.Pool["connect"]>[0]): void;
  override connect(callback?: Parameters<pg.Pool["connect"]>[0]): Promise<pg.PoolClient> | void {
    if (callback) return super.connect(callback);
    const begun = transaction.getStore();
    return super.connect().then((client) => {
      if (begun) begun.client ??= client;
      return client;
    });
  }
}

/**
 * Opens a pool of at most `connections`. Connects at first use, so it can be called while PostgreSQL is unavailable.
 * The server ends a statement after 5 s and an idle transaction after 5 s, far below Prisma's own 30 s, because a
 * transaction that Prisma gives up on may still commit.
 */
export const openDatabase = (url: string, connections: number, onError: (error: Error) => void): Database => {
  const pool = new Pool(
    {
      connectionString: url,
      max: connections,
      connectionTimeoutMillis: 3_000,
      query_timeout: 10_000, // if the server hangs and cannot end the statement
    },
    { statement_timeout: 5_000, idle_in_transaction_session_timeout: 5_000 },
    onError,
  );
  const adapter = new PrismaPg(pool, { statementNameGenerator: ({ sql }) => statementName(sql) });
  const prisma = new PrismaClient({ adapter });

  const sqlOn =
    (connection: pg.Pool | pg.PoolClient): Sql =>
    async (text, values) =>
      (await connection.query({ name: statementName(text), text, values: [...values] })).rows;
  const sql = sqlOn(pool);

  const inTransaction: JobDatabase<Tx>["transaction"] = (work) => {
    const begun: { client?: pg.PoolClient } = {};
    const run = (tx: Tx) => {
      if (begun.client?.getTransactionStatus() !== "T") throw new LostConnectionError();
      return work(tx, sqlOn(begun.client));
    };
    return transaction.run(begun, () => prisma.$transaction(run, { timeout: 30_000, maxWait: 5_000 }));
  };

  return {
    prisma,
    jobs: { sql, transaction: inTransaction },
    ping: () => pool.checkWritable(),
    pool: () => pool.state,
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
};

/** The connection of a transaction broke before its first statement. */
class LostConnectionError extends Error {
  readonly code = "ECONNLOST";
  constructor() {
    super("the transaction has lost its connection");
  }
}

// PostgreSQL's codes about the server, the session or concurrency rather than the statement: connection (08), refused
// login (28, 3D000), rollback (40), resources (53), intervention (57), system (58), lock not available, idle
// transaction, read-only server, prepared statements of another session; then the codes of Node, node-postgres and
// Prisma for an unavailable, starting or slow server.
const UNAVAILABLE_CODE =
  /^(08...|25006|25P03|26000|28...|3D000|40...|42P05|53...|55P03|57...|58...|ECONN[A-Z]+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|P10(0[0-3]|08|1[017])|P20(24|28|34|37))$/;
const UNAVAILABLE_MESSAGE =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable|DatabaseNotReachable|ConnectionClosed|SocketTimeout|Server has closed the connection/;

/** The cause of an error. Prisma keeps the driver's error in `meta`, whose cause is a plain object. */
const causeOf = (error: object): unknown => {
  const { cause, meta } = error as { cause?: unknown; meta?: { driverAdapterError?: unknown } };
  return cause ?? meta?.driverAdapterError;
};

/** Whether an error or one of its causes means that PostgreSQL is currently unavailable. */
export const isUnavailable = (error: unknown): boolean => {
  for (let each = error; typeof each === "object" && each !== null; each = causeOf(each)) {
    const { code, originalCode = code, severity } = each as Partial<Record<string, unknown>>;
    if (UNAVAILABLE_CODE.test(String(code)) || UNAVAILABLE_CODE.test(String(originalCode))) return true;
    if (severity === "FATAL" || severity === "PANIC") return true; // the server, or a pooler, ended the connection
    if ("message" in each && UNAVAILABLE_MESSAGE.test(String(each.message))) return true;
  }
  return false;
};
