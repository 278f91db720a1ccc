import type { Sql } from "./sql.ts";

/** SQL: the number under which an ordering key is locked. */
const lockNumber = (name: string, key: string): string => `hashtextextended(${name} || ':' || ${key}, 0)`;

/** SQL: locks an ordering key until the transaction ends. */
export const lockKey = (name: string, key: string): string =>
  `pg_advisory_xact_lock(${lockNumber(name, key)})`;

/**
 * Locks ordering keys until the transaction ends, in their order: a transaction that takes them one by one in the same
 * order waits for this one without a deadlock.
 */
export const lockKeys = (sql: Sql, name: string, keys: readonly string[]): Promise<unknown> =>
  sql(
    `SELECT count(${lockKey("$1", "key")}) FROM (
       SELECT DISTINCT key COLLATE "C" AS key FROM unnest($2::text[]) AS key ORDER BY key) sorted`,
    [name, keys],
  );

/**
 * Makes the next job of each ordering key due, if none of the key is due or published. Call it in a transaction that
 * has locked the keys in an earlier statement. Resolves with whether a job became due.
 */
export const promoteNext = async (sql: Sql, name: string, keys: readonly string[]): Promise<boolean> => {
  const due = await sql(
    `UPDATE "Job" j SET state = 'PENDING', "dueAt" = greatest(now(), j."dueAt"), "readyAt" = greatest(now(), j."dueAt")
     FROM unnest($2::text[]) AS wanted, LATERAL (
       SELECT id FROM "Job" WHERE state = 'WAITING' AND name = $1 AND "orderKey" = wanted
       ORDER BY "orderSeq" LIMIT 1) next
     WHERE j.id = next.id AND NOT EXISTS (
       SELECT FROM "Job" WHERE state IN ('PENDING', 'PUBLISHED') AND name = $1 AND "orderKey" = wanted)
     RETURNING j.id`,
    [name, [...new Set(keys)]],
  );
  return due.length > 0;
};

/**
 * The same for one key in a transaction that has not locked it: after a job has left its key. Jobs are inserted while
 * their key is locked, so none is overlooked.
 */
export const advanceOrder = async (sql: Sql, name: string, key: string): Promise<boolean> => {
  await lockKeys(sql, name, [key]);
  return promoteNext(sql, name, [key]);
};

/** Locks the keys of jobs of any name. */
export const lockOrders = async (sql: Sql, jobs: readonly OrderedJob[]): Promise<void> => {
  for (const [name, keys] of keysByName(jobs)) await lockKeys(sql, name, keys);
};

/** Makes the next jobs due of the keys of jobs of any name, which are locked. */
export const promoteNextOf = async (sql: Sql, jobs: readonly OrderedJob[]): Promise<boolean> => {
  let isDue = false;
  for (const [name, keys] of keysByName(jobs)) isDue = (await promoteNext(sql, name, keys)) || isDue;
  return isDue;
};

const keysByName = (jobs: readonly OrderedJob[]): [name: string, keys: string[]][] =>
  [...Map.groupBy(jobs, ({ name }) => name)]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, group]) => [name, group.flatMap(({ orderKey }) => orderKey ?? [])]);

export interface OrderedJob {
  name: string;
  /** Null if the job has none. */
  orderKey: string | null;
}

/**
 * Keys whose next job waits although none is due or published: the relay has failed a job, or a process died between a
 * cancellation and its commit.
 */
export const stoppedKeys = (sql: Sql): Promise<{ name: string; orderKey: string }[]> =>
  sql(
    `SELECT name, "orderKey" FROM (
       SELECT DISTINCT name, "orderKey" FROM "Job" WHERE state = 'WAITING' AND "orderKey" IS NOT NULL) w
     WHERE NOT EXISTS (SELECT FROM "Job" a WHERE a.state IN ('PENDING', 'PUBLISHED')
                       AND a.name = w.name AND a."orderKey" = w."orderKey")
     LIMIT 1000`,
    [],
  );
