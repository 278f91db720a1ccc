import { existsSync } from "node:fs";
import { join } from "node:path";
import { until } from "../processes/until.ts";
import { send, timesColumns, timesTable, worstRatio } from "./deletion/clients.ts";
import { extents, PASSWORD } from "./deletion/population.ts";
import { type Query, walBytes } from "./deletion/query.ts";
import { APPLICATION, forgetPeak, residentMegabytes, startSystem, type System } from "./deletion/system.ts";
import type { Measurement } from "./findings.ts";
import { endOf, type Statement, statementsSince } from "./statement-log.ts";

/** Seconds for which the other users' requests are measured before the deletion. */
const BEFORE = { full: 40, quick: 15 };
/** Milliseconds that the deletion may take. */
const LONGEST_MS = 1_800_000;

interface Receipt {
  seconds: number;
  counts: Record<string, number>;
}

/** A worker process deletes an account while other users send requests. */
const measureDeletion: Measurement = async (servers, which) => {
  const extent = extents[which];
  await using system = await startSystem(servers, extent);
  const { query, clients } = system;
  const worker = await system.startWorker();
  // The first one loads and compiles what every later one needs, however small it is.
  await addSmallAccount(query);
  await deleteAccount(system, SMALL);
  const before = await clients.measure(AbortSignal.timeout(BEFORE[which] * 1_000));
  const untouched = await fingerprint(query);

  const log = await endOf(servers.postgresLog);
  const wal = await walBytes(query);
  const idle = await residentMegabytes(worker.pid, "VmRSS");
  await forgetPeak(worker.pid);
  const ended = new AbortController();
  const [during, receipt] = await Promise.all([
    clients.measure(ended.signal),
    deleteAccount(system, "ada@example.com").finally(() => ended.abort()),
  ]);
  const peak = await residentMegabytes(worker.pid, "VmHWM");
  const { count, longest } = await readStatements(servers.postgresLog, log);
  if ((await fingerprint(query)) !== untouched) throw new Error("the deletion has changed data of others");
  const { objects = 0, ...counts } = receipt.counts;
  const rows = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (rows < extent.rows || objects !== extent.objects || system.keys.some((key) => isThere(system, key)))
    throw new Error(`the deletion is not complete: ${JSON.stringify(receipt.counts)}`);

  return {
    title:
      `account-delete: ${rows} rows and ${objects} objects in ${receipt.seconds.toFixed(0)} s, ` +
      `${count} statements, ${(((await walBytes(query)) - wal) / 1e6).toFixed(0)} MB of WAL; ` +
      `requests of others: ${before.failed + during.failed} failed\n  longest statements:\n${longest.map(describe).join("\n")}`,
    columns: timesColumns,
    rows: timesTable(before.times, during.times),
    figures: [
      { name: "delete_rss_growth_mb", value: peak - idle, target: { max: 100 } },
      { name: "delete_rss_peak_mb", value: peak },
      { name: "delete_max_statement_ms", value: longest[0]?.ms ?? NaN, target: { max: 500 } },
      { ...worstRatio("delete_other_p99_ratio", before.times, during.times), target: { max: 2 } },
      { name: "delete_rows_per_s", value: rows / receipt.seconds },
      { name: "delete_s", value: receipt.seconds },
    ],
  };
};

const LONGEST = 5;

/** How many statements the worker has run since the log had so many bytes, and the longest of them. */
const readStatements = async (log: string, start: number) => {
  let count = 0;
  let longest: Statement[] = [];
  for await (const statement of statementsSince(log, start, APPLICATION)) {
    count++;
    longest = [...longest, statement].toSorted((a, b) => b.ms - a.ms).slice(0, LONGEST);
  }
  return { count, longest };
};

const SMALL = "small@example.com";

const addSmallAccount = (query: Query) =>
  query(
    `INSERT INTO "User" (id, email, name, "passwordHash", "verifiedAt")
     SELECT uuidv7(), $1, 'Small', "passwordHash", now() FROM "User" WHERE email = 'ada@example.com'`,
    [SMALL],
  );

/** As the user does it, and until the receipt is there. */
const deleteAccount = async ({ api, query }: System, email: string): Promise<Receipt> => {
  const account = { email, password: PASSWORD, as: "bearer" };
  const [earlier] = await query<{ count: number }>(
    `SELECT count(*)::int AS count FROM "AccountDeletion"`,
    [],
  );
  const { token } = (await send("POST", `${api}/v1/login`, {}, account)) as { token: string };
  await send("DELETE", `${api}/v1/account`, { authorization: `Bearer ${token}` }, { password: PASSWORD });
  return until(
    "the account is deleted",
    async () => {
      const [found] = await query<Receipt>(
        `SELECT counts, extract(epoch FROM "finishedAt" - "startedAt")::float8 AS seconds
           FROM "AccountDeletion" WHERE "finishedAt" IS NOT NULL ORDER BY id OFFSET $1`,
        [earlier?.count ?? 0],
      );
      return found;
    },
    LONGEST_MS,
  );
};

const isThere = ({ folder }: System, key: string): boolean => existsSync(join(folder, "objects", key));

/** Of the other users, of projects that the user has no part in, and how much is in those with her as a member. */
const fingerprint = async (query: Query): Promise<string | undefined> => {
  const hashes = await query<{ hash: string }>(
    `SELECT count(*) || md5(string_agg(u::text, ';' ORDER BY id)) AS hash FROM "User" u WHERE email LIKE '%@example.com' AND email <> $1
     UNION ALL
     SELECT count(*) || md5(string_agg(t::text, ';' ORDER BY t.id)) FROM "Task" t JOIN "Project" p ON p.id = t."projectId" WHERE p.name = 'foreign'
     UNION ALL
     SELECT count(*) || md5(string_agg(c::text, ';' ORDER BY c.id))
       FROM "Comment" c JOIN "Task" t ON t.id = c."taskId" JOIN "Project" p ON p.id = t."projectId" WHERE p.name = 'foreign'
     UNION ALL
     SELECT count(*) || md5(string_agg(c.id || c.body, ';' ORDER BY c.id))
       FROM "Comment" c JOIN "Task" t ON t.id = c."taskId" JOIN "Project" p ON p.id = t."projectId"
      WHERE p.name = 'shared' AND c.body <> 'Meanwhile'`,
    ["ada@example.com"],
  );
  return hashes.map(({ hash }) => hash).join(" ");
};

const describe = ({ ms, text }: Statement): string => `    ${ms.toFixed(0)} ms  ${text.slice(0, 200)}`;

/** Measures the deletion of an account, and what other users notice of it. */
export const deletion: readonly Measurement[] = [measureDeletion];
