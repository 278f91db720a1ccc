import { randomUUID } from "node:crypto";
import pg from "pg";
import { CANNOT_WRITE } from "./errors.ts";
import type { Sql } from "./ledger/sql.ts";

/** Settings of a session, by their names in PostgreSQL, for example `{ statement_timeout: 5_000 }`. */
export type Settings = Readonly<Record<string, string | number>>;

/** The server responds, but may only be read: it is a standby, was demoted, or its administrator said so. */
export class ReadOnlyError extends Error {
  override name = "ReadOnlyError";
  /** PostgreSQL's own code for a refused write. */
  readonly code = CANNOT_WRITE;
  constructor() {
    super("PostgreSQL is read-only");
  }
}

/** There is proof that a pooler does not keep sessions apart. Waiting does not help. */
export class PoolerError extends Error {
  override name = "PoolerError";
  readonly code = "ECONNPOOLER";
  constructor(proof: string, options?: ErrorOptions) {
    super(
      `The connection pooler cannot be used: ${proof}. Connect to PostgreSQL directly, or to a pooler that keeps ` +
        "sessions apart (PgBouncer: pool_mode = session, server_reset_query = DISCARD ALL).",
      options,
    );
  }
}

/** Milliseconds for each step of a new session. */
export const STEP = 3_000;

/** A setting of our own. Each session has its own value, so that a value found elsewhere proves a shared session. */
const MARK = "offstage.session";

/** Rejects with a `ReadOnlyError` if PostgreSQL may only be read. Writes nothing. */
export const checkWritable = async (sql: Sql): Promise<void> => {
  const [row] = await sql<Pick<State, "isReadOnly">>(`SELECT ${IS_READ_ONLY}`, []);
  if (row?.isReadOnly) throw new ReadOnlyError();
};

// On in a standby too.
const IS_READ_ONLY = `current_setting('transaction_read_only') = 'on' AS "isReadOnly"`;

interface State {
  processId: number;
  isReadOnly: boolean;
  mark: string;
  hasStatements: boolean;
}

export interface Session {
  isReadOnly: boolean;
  /** Whether something between this process and PostgreSQL has sessions of its own. */
  isPooled: boolean;
  /** @throws PoolerError if the client's session is not the one that it began */
  check(): Promise<void>;
}

/**
 * Gives a new connection its settings.
 * @throws PoolerError if the session was already used, or has lost its settings
 */
export const beginSession = async (client: pg.ClientBase, settings: Settings): Promise<Session> => {
  const wanted = Object.entries({ ...settings, [MARK]: randomUUID() });
  const set = wanted.map(([name, value]) => `set_config('${name}', '${value}', false) AS "${name}"`);
  const get = wanted.map(([name]) => `current_setting('${name}', true) AS "${name}"`);
  const run = (text: string) => client.query({ text, ...within }) as Promise<unknown>;

  // Without parameters, so that it is one message and needs no prepared statement.
  const [found, made] = (await run(`${FIND_STATE}; SELECT ${set.join()}`).catch(explainSilence)) as [
    pg.QueryResult<State>,
    pg.QueryResult<object>,
  ];
  const [state] = found.rows;
  if (state?.mark || state?.hasStatements)
    throw new PoolerError("a new session has what another session has left there");
  const check = async () => {
    const { rows } = (await run(`SELECT ${get.join()}`)) as pg.QueryResult<object>;
    if (JSON.stringify(rows) !== JSON.stringify(made.rows))
      throw new PoolerError("a session does not keep its settings");
  };
  const { processID } = client as unknown as { processID: number };
  const isPooled = processID !== state?.processId;
  if (isPooled) await check();
  return { isReadOnly: state?.isReadOnly ?? false, isPooled, check };
};

const FIND_STATE = `SELECT pg_backend_pid() AS "processId", ${IS_READ_ONLY},
  coalesce(current_setting('${MARK}', true), '') AS mark,
  EXISTS (SELECT FROM pg_prepared_statements) AS "hasStatements"`;

/** node-postgres' limit for one query, which its types leave out. */
const within = { query_timeout: STEP };

const explainSilence = (cause: Error): never => {
  if (cause.message !== "Query read timeout") throw cause;
  const reason = `PostgreSQL accepted a connection and did not respond within ${STEP} ms`;
  const error = new Error(`${reason}. If it is a pooler, its pool may be too small`, { cause });
  throw Object.assign(error, { code: "ETIMEDOUT" });
};

/**
 * Looks for proof that a pooler gives sessions away. Two other clients, one after the other, get sessions of their own,
 * which must be new, and begin a transaction, during which the first session must stay what it was.
 * @throws PoolerError if there is proof, or the error of a connection that failed
 */
export const checkPooler = async (session: Session, open: () => pg.Client): Promise<void> => {
  for (let clients = 0; clients < 2; clients++) {
    const other = open();
    other.on("error", () => {}); // the current statement rejects too
    try {
      await other.connect();
      await beginSession(other, {});
      await other.query("BEGIN");
      await session.check();
      await other.query("ROLLBACK");
    } catch (error) {
      throw fromPooler(error);
    } finally {
      await other.end();
    }
  }
};

/** PgBouncer has one code for all its errors, so these two are known by their text. */
export const fromPooler = <Failure>(error: Failure): Failure | PoolerError => {
  if (!(error instanceof pg.DatabaseError) || error.code !== PROTOCOL_VIOLATION) return error;
  const parameter = /unsupported startup parameter.*/.exec(error.message)?.[0];
  if (parameter)
    return new PoolerError(`${parameter}. Remove it from the URL or from PGOPTIONS`, { cause: error });
  if (!error.message.includes("statement pooling mode")) return error;
  return new PoolerError("it is in statement mode", { cause: error });
};

const PROTOCOL_VIOLATION = "08P01";
