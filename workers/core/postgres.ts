import { randomUUID } from "node:crypto";
import type { EventEmitter } from "node:events";
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
const STEP = 3_000;

/** A setting of our own. Each session has its own value, so that a value found elsewhere proves a shared session. */
const MARK = "offstage.session";

/** A server that refuses to write, and a session that has other prepared statements than it should. */
const IS_LOST = new RegExp(`^(${CANNOT_WRITE}|26000|42P05)$`);

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

/**
 * A pool whose sessions have `settings` before their first use, and may write. The settings are not sent at the start
 * of the connection, because poolers refuse or ignore them there.
 *
 * If a session becomes read-only, the pool closes all that it had at that time, because the server may have been
 * demoted: new connections lead to its successor. Errors of idle connections go to `onError`, and a `PoolerError` too.
 */
export class PostgresPool extends pg.Pool {
  readonly #onError: (error: Error) => void;
  /** The sessions in use and the idle ones, without those that the pool leaves. */
  readonly #sessions = new Set<pg.ClientBase>();
  readonly #left = new WeakSet<pg.ClientBase>();
  #pooler: Promise<void> | undefined;

  constructor(options: pg.PoolConfig, settings: Settings, onError: (error: Error) => void) {
    super({ keepAlive: true, ...options });
    this.#onError = onError;
    this.on("error", onError);
    // The pool listens to idle connections only. The user of a broken one gets the error from its next query.
    this.on("connect", (client) => client.on("error", () => {}));
    this.on("remove", (client) => this.#sessions.delete(client));
    this.on("release", (error, client) => {
      if (!error && this.#left.has(client)) process.nextTick(() => client.emit("error", new ReadOnlyError()));
    });
    this.options.onConnect = (client) => this.#begin(client, settings);
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Parameters<pg.Pool["connect"]>[0]): void;
  override connect(callback?: Parameters<pg.Pool["connect"]>[0]): Promise<pg.PoolClient> | void {
    if (!callback) return super.connect().catch((error: Error) => Promise.reject(this.#report(error)));
    super.connect((error, client, release) => callback(error && this.#report(error), client, release));
  }

  /** Rejects with a `ReadOnlyError` if PostgreSQL may only be read, and then leaves it as after a refused write. */
  async checkWritable(): Promise<void> {
    try {
      await checkWritable(async (text) => (await this.query(text)).rows);
    } catch (error) {
      if (error instanceof ReadOnlyError) this.#leave();
      throw error;
    }
  }

  #report(error: Error): Error {
    const known = fromPooler(error);
    if (known instanceof PoolerError) this.#onError(known);
    return known;
  }

  async #begin(client: pg.ClientBase, settings: Settings): Promise<void> {
    const session = await beginSession(client, settings);
    if (session.isReadOnly) throw new ReadOnlyError();
    if (session.isPooled) await (this.#pooler ??= this.#checkPooler(session));
    this.#sessions.add(client);
    responsesOf(client).on("errorMessage", ({ code }: { code?: string }) => {
      if (IS_LOST.test(code ?? "") && this.#sessions.has(client)) this.#leave(client);
    });
  }

  /** Once for all connections of the pool. Later ones only check their own session. */
  async #checkPooler(session: Session): Promise<void> {
    const open = () => new pg.Client({ ...this.options, connectionTimeoutMillis: STEP });
    await checkPooler(session, open).catch((error: unknown) => {
      this.#pooler = undefined;
      throw error;
    });
  }

  /** Closes all sessions: idle ones now, those in a transaction when they are released. */
  #leave(cause?: pg.ClientBase): void {
    for (const client of this.#sessions) {
      this.#sessions.delete(client);
      this.#left.add(client);
      // The pool closes an idle client at this event. A client that is in use ends what it does.
      if (client !== cause && client.getTransactionStatus() === "I")
        client.emit("error", new ReadOnlyError());
    }
  }
}

/** Where a client reads the server's responses. Its types leave it out. */
const responsesOf = (client: pg.ClientBase) => (client as unknown as { connection: EventEmitter }).connection;

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
