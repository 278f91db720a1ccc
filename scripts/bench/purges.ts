import pg from "pg";
import { hashPassword } from "../../infra/passwords.ts";
import { prepareJob, type Sql } from "../../workers/core/index.ts";
import { sessionPurge } from "../../workers/session-purge/job.ts";
import { freePort } from "../processes/ports.ts";
import { startProcess } from "../processes/project-process.ts";
import { until } from "../processes/until.ts";
import type { Findings, Measurement } from "./findings.ts";
import type { Servers } from "./servers.ts";
import { confidenceInterval, percentile } from "./statistics.ts";

const DEAD = { full: 1_000_000, quick: 50_000 };
const LIVE = 20_000;
const LOGINS = { full: 300, quick: 80 };
const WARM_UP = 20;
const PASSWORD = "correct horse battery";

/** Megabytes. */
interface Size {
  table: number;
  indexes: number;
}

interface Bench extends AsyncDisposable {
  readonly sql: Sql;
  /** Logs in and resolves with the milliseconds to the response. */
  logIn(): Promise<number>;
}

/** Deletes dead sessions next to live ones, in a worker process, while a client logs in again and again. */
const measurePurge: Measurement = async (servers, extent) => {
  await using bench = await startSystem(servers);
  const { sql } = bench;
  await addSessions(sql, DEAD[extent], "dead");
  await addSessions(sql, LIVE, "live");
  await sql("VACUUM ANALYZE", []);
  const live = await fingerprint(sql);

  const before = await logInTimes(bench, WARM_UP + LOGINS[extent]).then((all) => all.slice(WARM_UP));
  const sizes = { before: await sizeOf(sql) };
  const { during, runs, ms } = await purgeWhileLoggingIn(bench);
  if ((await fingerprint(sql)) !== live) throw new Error("the purge has changed live sessions");
  if ((await countDead(sql)) > 0) throw new Error("the purge has left dead sessions");

  const after = await sizeOf(sql);
  await sql(`VACUUM "Session"`, []);
  const vacuumed = await sizeOf(sql);
  await addSessions(sql, DEAD[extent], "new");
  const refilled = await sizeOf(sql);
  await sql(`DELETE FROM "Session" WHERE device = 'new'`, []);
  await sql(`VACUUM "Session"`, []);
  await sql(`REINDEX TABLE "Session"`, []);
  const rows = [
    row("before", before, sizes.before),
    row(`during the purge (${runs} ${runs === 1 ? "run" : "runs"})`, during),
    row("after it", [], after),
    row("after VACUUM", [], vacuumed),
    row("with as many new sessions", [], refilled),
    row("without them, after VACUUM and REINDEX", [], await sizeOf(sql)),
  ];
  return describe(`${DEAD[extent]} dead sessions next to ${LIVE} live ones`, rows, {
    before,
    during,
    perSecond: (DEAD[extent] * 1_000) / ms,
  });
};

/** A run may stop early because the machine is busy: then the next one continues, as it does on its schedule. */
const purgeWhileLoggingIn = async (bench: Bench) => {
  const during: number[] = [];
  const startedAt = performance.now();
  let runs = 0;
  let isDone = false;
  const purge = async () => {
    for (let note: unknown = "not begun"; note; runs++) note = await runPurge(bench.sql);
    isDone = true;
  };
  const logIn = async () => {
    while (!isDone) during.push(await bench.logIn());
  };
  await Promise.all([purge(), logIn()]);
  return { during, runs, ms: performance.now() - startedAt };
};

/** Resolves with the note of the result: why it stopped early. */
const runPurge = async (sql: Sql): Promise<unknown> => {
  const id = await prepareJob(sessionPurge, {})(sql);
  const { result } = await until(
    "the purge is completed",
    async () => {
      const [job] = await sql<{ state: string; error: string | null; result: { note?: string } }>(
        `SELECT state, error, result FROM "Job" WHERE id = $1::uuid`,
        [id],
      );
      return job?.state === "COMPLETED" && job;
    },
    1_200_000,
  );
  return result.note;
};

const logInTimes = async ({ logIn }: Bench, count: number): Promise<number[]> => {
  const times: number[] = [];
  while (times.length < count) times.push(await logIn());
  return times;
};

const describe = (
  what: string,
  rows: string[][],
  { before, during, perSecond }: { before: number[]; during: number[]; perSecond: number },
): Findings => {
  const ratio = (times: readonly number[]) => percentile(times, 0.99) / percentile(before, 0.99);
  return {
    title: `session-purge: ${what}`,
    columns: ["", "logins", "p50 ms", "p99 ms", "table MB", "indexes MB"],
    rows,
    figures: [
      {
        name: "purge_login_p99_ratio",
        value: ratio(during),
        range: confidenceInterval(during, ratio),
        target: { max: 2 },
      },
      { name: "purge_rows_per_s", value: perSecond },
    ],
  };
};

const row = (label: string, times: readonly number[], size?: Size): string[] => [
  label,
  times.length > 0 ? `${times.length}` : "",
  ...[0.5, 0.99].map((share) => (times.length > 0 ? percentile(times, share).toFixed(0) : "")),
  size ? size.table.toFixed(1) : "",
  size ? size.indexes.toFixed(1) : "",
];

/** The API and a worker, each a process of its own, and a user who can log in. */
const startSystem = async (servers: Servers): Promise<Bench> => {
  await using cleanups = new AsyncDisposableStack();
  const { url } = cleanups.use(await servers.createDatabase());
  const pool = cleanups.adopt(new pg.Pool({ connectionString: url, max: 2 }), (each) => each.end());
  const sql: Sql = async (text, values) => (await pool.query(text, [...values])).rows;
  await sql(
    `INSERT INTO "User" (id, email, name, "passwordHash", "verifiedAt")
     SELECT uuidv7(), n || '@example.com', 'Ada', $1, now() FROM generate_series(1, 1000) n`,
    [await hashPassword(PASSWORD)],
  );
  const port = `${await freePort()}`;
  const env = { DATABASE_URL: url, QUEUE_URL: url, PORT: port, THROTTLES: "false" };
  const api = cleanups.use(startProcess("api/main.ts", env));
  const worker = cleanups.use(startProcess("workers/main.ts", { ...env, WORKERS: "session-purge" }));
  await Promise.all([api.wrote("listening"), worker.wrote("working")]);

  const logIn = async () => {
    const startedAt = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/v1/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: "1@example.com", password: PASSWORD, as: "bearer" }),
    });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`the login returned ${response.status}`);
    return performance.now() - startedAt;
  };
  const owned = cleanups.move();
  return { sql, logIn, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};

const expiries = {
  dead: `now() - interval '2 hours' - random() * interval '90 days'`,
  live: `now() + interval '1 hour' + random() * interval '14 days'`,
  new: `now() + interval '1 hour' + random() * interval '14 days'`,
};

/** Adds sessions of random users. They are in the table in no particular order of their expiry. */
const addSessions = async (sql: Sql, count: number, kind: keyof typeof expiries): Promise<void> => {
  await sql(
    `INSERT INTO "Session" (id, "userId", "tokenHash", device, "expiresAt")
     SELECT uuidv7(), users.ids[1 + n % 1000], sha256(uuidv7()::text::bytea), '${kind}', ${expiries[kind]}
       FROM (SELECT array_agg(id ORDER BY id) AS ids FROM "User") users, generate_series(1, $1::int) n
      ORDER BY random()`,
    [count],
  );
};

const fingerprint = async (sql: Sql): Promise<string | undefined> => {
  const [found] = await sql<{ hash: string }>(
    `SELECT count(*) || ' ' || md5(string_agg(s::text, ';' ORDER BY id)) AS hash FROM "Session" s WHERE device = 'live'`,
    [],
  );
  return found?.hash;
};

const countDead = async (sql: Sql): Promise<number> => {
  const [found] = await sql<{ count: number }>(
    `SELECT count(*)::int AS count FROM "Session" WHERE device = 'dead'`,
    [],
  );
  return found?.count ?? NaN;
};

const sizeOf = async (sql: Sql): Promise<Size> => {
  const [size] = await sql<Size>(
    `SELECT pg_table_size('"Session"') / 1e6::float8 AS table, pg_indexes_size('"Session"') / 1e6::float8 AS indexes`,
    [],
  );
  return size ?? { table: NaN, indexes: NaN };
};

/** Measures what a purge does to the requests next to it, and to the size of its table. */
export const purges: readonly Measurement[] = [measurePurge];
