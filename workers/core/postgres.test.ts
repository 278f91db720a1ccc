import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/core/database.ts";
import { createPooler } from "../../test/support/servers/pooler.ts";
import { createPgDatabase } from "./pg.ts";
import { PostgresPool } from "./postgres.ts";
import { beginSession, checkPooler, checkWritable, PoolerError } from "./session.ts";

let owned: TestDatabase;
beforeAll(async () => {
  owned = await createTestDatabase();
});
afterAll(() => owned.drop());

const openPool = (url: string, onError: (error: Error) => void = () => {}) => {
  const settings = { statement_timeout: 4_000, search_path: "bullmq" };
  const pool = new PostgresPool({ connectionString: url, max: 5 }, settings, onError);
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() });
};

const pidOf = async (client: pg.Pool | pg.PoolClient): Promise<number> =>
  (await client.query("SELECT pg_backend_pid() AS pid")).rows[0].pid;

const WRITE = "CREATE TEMP TABLE refused ()";
const REFUSE_WRITES = "SET default_transaction_read_only = on";

test("a session has its settings before its first statement", async () => {
  await using pool = openPool(owned.url);
  const { rows } = await pool.query(
    "SELECT current_setting('statement_timeout') AS timeout, current_setting('search_path') AS path",
  );
  expect(rows).toEqual([{ timeout: "4s", path: "bullmq" }]);
});

test("connections to a server that may only be read are refused, until it may be written", async () => {
  await using pool = openPool(`${owned.url}?options=-c%20default_transaction_read_only%3Don`);
  await expect(pool.query("SELECT 1")).rejects.toMatchObject({ name: "ReadOnlyError", code: "25006" });
  expect(pool.totalCount).toBe(0);
});

test("no connection stays on a server that became read-only", async () => {
  const errors: Error[] = [];
  await using pool = openPool(owned.url, (error) => void errors.push(error));
  const [listening, transacting, writing, idle] = await Promise.all([1, 2, 3, 4].map(() => pool.connect()));
  const all = [listening!, transacting!, writing!, idle!];
  const old = await Promise.all(all.map(pidOf));
  // As BullMQ does with the connection on which it waits for jobs.
  await listening!.query("LISTEN jobs");
  listening!.on("error", (error) => listening!.release(error));
  await transacting!.query("BEGIN");
  for (const client of all) await client.query(REFUSE_WRITES);
  idle!.release();

  await expect(writing!.query(WRITE)).rejects.toMatchObject({ code: "25006" });
  expect(errors).toMatchObject([{ name: "ReadOnlyError" }]);
  writing!.release();
  await transacting!.query("ROLLBACK");
  transacting!.release();
  await expect.poll(() => pool.totalCount).toBe(0);

  await pool.query(WRITE);
  expect(old).not.toContain(await pidOf(pool));
});

test("a check that finds the server read-only leaves no connection to it", async () => {
  await using pool = openPool(owned.url);
  await pool.query(REFUSE_WRITES);
  await expect(pool.checkWritable()).rejects.toMatchObject({ name: "ReadOnlyError" });
  await expect.poll(() => pool.totalCount).toBe(0);
  await pool.checkWritable();
});

test("a session of a new server survives the last error of an old one", async () => {
  await using pool = openPool(owned.url);
  const [first, last] = await Promise.all([pool.connect(), pool.connect()]);
  for (const text of [REFUSE_WRITES, "BEGIN"]) await Promise.all([first.query(text), last.query(text)]);
  await expect(first.query(WRITE)).rejects.toThrow("read-only");
  const pid = await pidOf(pool);
  await expect(last.query(WRITE)).rejects.toThrow("read-only");
  for (const client of [first, last]) {
    await client.query("ROLLBACK");
    client.release();
  }
  expect(await pidOf(pool)).toBe(pid);
});

test("an application's own pool does not keep a connection that became read-only", async () => {
  const pool = new pg.Pool({ connectionString: owned.url, max: 1 });
  await pool.query(REFUSE_WRITES);
  await expect(checkWritable(createPgDatabase(pool).sql)).rejects.toMatchObject({ name: "ReadOnlyError" });
  await expect(createPgDatabase(pool).transaction((_tx, sql) => sql(WRITE, []))).rejects.toThrow("read-only");
  await createPgDatabase(pool).transaction((_tx, sql) => sql(WRITE, []));
  await pool.end();
});

const checkAll = async (behaviour: Parameters<typeof createPooler>[1]) => {
  await using pooler = await createPooler(owned.url, behaviour);
  const client = pooler.client();
  const session = await beginSession(client, { statement_timeout: 4_000 });
  expect(session.isPooled).toBe(true);
  await checkPooler(session, pooler.client);
};

test("a pooler in session mode is accepted", () => checkAll({ mode: "session" }));

test.for<[string, Parameters<typeof createPooler>[1]]>([
  ["in transaction mode", { mode: "transaction" }],
  ["in transaction mode that rotates its connections", { mode: "transaction", order: "first" }],
  ["in session mode that does not reset its connections", { mode: "session", resets: false }],
])("a pooler %s is refused", async ([_name, behaviour]) => {
  await expect(checkAll(behaviour)).rejects.toThrow(PoolerError);
});

test("a session that has prepared statements of another one is refused", async () => {
  await using pooler = await createPooler(owned.url, { mode: "session", resets: false });
  const earlier = pooler.client();
  await earlier.query("PREPARE leftover AS SELECT 1");
  await earlier.end();
  await expect(beginSession(pooler.client(), {})).rejects.toThrow("what another session has left");
});

test("a direct connection is not taken for a pooler", async () => {
  const client = new pg.Client(owned.url);
  await client.connect();
  expect(await beginSession(client, {})).toMatchObject({ isPooled: false, isReadOnly: false });
  await client.end();
});

/** What PgBouncer sends for a parameter that it does not know. */
const refusal = (parameter: string) => {
  const fields = ["SFATAL", "VFATAL", "C08P01", `Munsupported startup parameter: ${parameter}`, ""];
  const text = Buffer.from(fields.map((field) => `${field}\0`).join(""));
  const message = Buffer.concat([Buffer.from("E\0\0\0\0"), text]);
  message.writeUInt32BE(message.length - 1, 1);
  return message;
};

test("a parameter in the URL that a pooler does not know is reported as such", async () => {
  const server = createServer((socket) => socket.once("data", () => socket.end(refusal("options"))));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const errors: Error[] = [];
  const url = `postgres://x@127.0.0.1:${(server.address() as AddressInfo).port}/x?options=-c%20jit%3Doff`;
  await using pool = openPool(url, (error) => void errors.push(error));
  await expect(pool.query("SELECT 1")).rejects.toThrow("parameter: options. Remove it from the URL");
  expect(errors).toMatchObject([{ name: "PoolerError" }]);
  server.close();
});
