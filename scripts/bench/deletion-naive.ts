import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { timesColumns, timesTable, worstRatio } from "./deletion/clients.ts";
import { ADA, extents } from "./deletion/population.ts";
import { type Query, walBytes } from "./deletion/query.ts";
import { startSystem } from "./deletion/system.ts";
import type { Measurement } from "./findings.ts";

const BEFORE = { full: 40, quick: 15 };

/** What one would write first. The last statement deletes the remaining tenth of the rows. */
const statements = [
  `DELETE FROM "Job" WHERE payload ->> 'userId' = '${ADA}'
      OR payload ->> 'uploadId' IN (SELECT id::text FROM "Upload" WHERE "userId" = '${ADA}')
      OR payload ->> 'reportId' IN (SELECT id::text FROM "Report" WHERE "userId" = '${ADA}')`,
  `UPDATE "Comment" SET "authorId" = NULL WHERE "authorId" = '${ADA}'`,
  `UPDATE "Task" SET "assigneeId" = NULL WHERE "assigneeId" = '${ADA}'`,
  `UPDATE "Task" SET "creatorId" = NULL WHERE "creatorId" = '${ADA}'`,
  `DELETE FROM "Project" WHERE id IN (SELECT "projectId" FROM "ProjectMember" WHERE "userId" = '${ADA}' AND role = 'OWNER')`,
];
const rest = `DELETE FROM "User" WHERE id = '${ADA}'`;

/**
 * The same deletion in one transaction: first one that is rolled back when nine tenths are done, as after an error, and
 * then one that is committed. The objects stay, because no rollback brings them back.
 */
const measureNaive: Measurement = async (servers, which) => {
  await using system = await startSystem(servers, extents[which]);
  const { query, clients } = system;
  const client = new pg.Client(system.url);
  await client.connect();
  try {
    const before = await clients.measure(AbortSignal.timeout(BEFORE[which] * 1_000));
    const sizes = { before: await sizeOf(query) };
    const ended = new AbortController();
    const [during, longestWait, attempt] = await Promise.all([
      clients.measure(ended.signal),
      measureWaits(query, ended.signal),
      rollBackLate(client, query).finally(() => ended.abort()),
    ]);
    const size = await sizeOf(query);
    const whole = await runAll(client, query);

    return {
      title:
        `One transaction instead of account-delete, rolled back after ${attempt.seconds.toFixed(1)} s: ` +
        `requests of others: ${during.failed} failed`,
      columns: timesColumns,
      rows: timesTable(before.times, during.times),
      figures: [
        { ...worstRatio("naive_other_p99_ratio", before.times, during.times) },
        { name: "naive_failed_requests", value: during.failed },
        { name: "naive_longest_wait_ms", value: longestWait },
        { name: "naive_row_locks", value: attempt.rowLocks },
        { name: "naive_locked_relations", value: attempt.relations },
        { name: "naive_until_rollback_s", value: attempt.seconds },
        { name: "naive_wal_mb", value: attempt.wal },
        { name: "naive_dead_tuples", value: size.dead - sizes.before.dead },
        { name: "naive_growth_mb", value: size.mb - sizes.before.mb },
        { name: "naive_size_before_mb", value: sizes.before.mb },
        { name: "naive_committed_s", value: whole.seconds },
        { name: "naive_committed_wal_mb", value: whole.wal },
      ],
    };
  } finally {
    await client.end();
  }
};

const rollBackLate = async (client: pg.Client, query: Query) => {
  const startedAt = performance.now();
  const wal = await walBytes(query);
  await client.query("BEGIN");
  for (const statement of statements) await client.query(statement);
  const { rows } = await client.query<{ locks: number; relations: number }>(
    `SELECT (SELECT sum(n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables)::float8 AS locks,
            (SELECT count(DISTINCT relation) FROM pg_locks WHERE pid = pg_backend_pid())::float8 AS relations`,
  );
  await client.query("ROLLBACK");
  const seconds = (performance.now() - startedAt) / 1_000;
  await client.query("SELECT pg_stat_force_next_flush()");
  await client.query("SELECT"); // after which the counters are written
  return {
    seconds,
    rowLocks: rows[0]?.locks ?? NaN,
    relations: rows[0]?.relations ?? NaN,
    wal: ((await walBytes(query)) - wal) / 1e6,
  };
};

const runAll = async (client: pg.Client, query: Query) => {
  const startedAt = performance.now();
  const wal = await walBytes(query);
  await client.query("BEGIN");
  for (const statement of [...statements, rest]) await client.query(statement);
  await client.query("COMMIT");
  const seconds = (performance.now() - startedAt) / 1_000;
  return { seconds, wal: ((await walBytes(query)) - wal) / 1e6 };
};

/** The longest time, in milliseconds, that another user's change of a task in a shared project took. */
const measureWaits = async (query: Query, signal: AbortSignal): Promise<number> => {
  let longest = 0;
  while (!signal.aborted) {
    const startedAt = performance.now();
    await query(
      `UPDATE "Task" SET title = 'Changed' WHERE id = (
         SELECT t.id FROM "Task" t JOIN "Project" p ON p.id = t."projectId"
          WHERE p.name = 'shared' AND t."assigneeId" = $1::uuid LIMIT 1)`,
      [ADA],
    );
    longest = Math.max(longest, performance.now() - startedAt);
    await sleep(100);
  }
  return longest;
};

/** Of all tables with their indexes. */
const sizeOf = async (query: Query): Promise<{ mb: number; dead: number }> => {
  const [size] = await query<{ mb: number; dead: number }>(
    `SELECT sum(pg_total_relation_size(relid))::float8 / 1e6 AS mb, sum(n_dead_tup)::float8 AS dead
       FROM pg_stat_user_tables`,
  );
  return size ?? { mb: NaN, dead: NaN };
};

/** Measures what account-delete avoids: see docs/decisions/0028-deletion-in-batches.md. */
export const naiveDeletion: readonly Measurement[] = [measureNaive];
