import type { EventEmitter } from "node:events";
import pg from "pg";
import { CANNOT_WRITE } from "./errors.ts";
import {
  beginSession,
  checkPooler,
  checkWritable,
  fromPooler,
  PoolerError,
  ReadOnlyError,
  STEP,
  type Session,
  type Settings,
} from "./session.ts";

/** The connections of a pool now. */
export interface PoolState {
  active: number;
  idle: number;
  /** Callers that wait for one. */
  waiting: number;
}

/** A server that refuses to write, and a session that has other prepared statements than it should. */
const IS_LOST = new RegExp(`^(${CANNOT_WRITE}|26000|42P05)$`);

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
    // The pool waits for the promise, which its types leave out.
    const onConnect = (client: pg.ClientBase) => this.#begin(client, settings);
    Object.assign(this.options, { onConnect });
  }

  get state(): PoolState {
    const { totalCount, idleCount: idle, waitingCount: waiting } = this;
    return { active: totalCount - idle, idle, waiting };
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
