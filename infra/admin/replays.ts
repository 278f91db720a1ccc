import { v7 as uuidv7 } from "uuid";
import { replayJobs, type Sql } from "../../workers/core/index.ts";
import { conditionsOf, type FailedSearch } from "./filter.ts";

/** The most jobs that one replay takes out of the dead letter, and the most per minute. */
export const MOST = { jobs: 1_000_000, perMinute: 60_000 };

/** Jobs per statement: one every few seconds. */
const BATCH = 5_000;

/** Seconds for which a replay catches up after an interruption, at most. */
const CATCH_UP = 10;

/** Jobs that are taken out of the dead letter at a rate. */
export interface Replay {
  id: string;
  filter: FailedSearch;
  perMinute: number;
  total: number;
  replayed: number;
  state: "RUNNING" | "DONE" | "STOPPED";
  createdAt: Date;
  endedAt: Date | null;
}

/** How many jobs in the dead letter match. */
export const countFailed = async (sql: Sql, search: FailedSearch): Promise<number> => {
  const { conditions, values } = conditionsOf(search, `"finishedAt"`);
  const text = `SELECT count(*)::int AS count FROM "Job" WHERE ${["state = 'FAILED'", ...conditions].join(" AND ")}`;
  return (await sql<{ count: number }>(text, values))[0]?.count ?? 0;
};

/** Starts a replay. A worker process continues it every few seconds, so it survives any restart. */
export const startReplay = async (
  sql: Sql,
  { filter, perMinute, total }: Pick<Replay, "filter" | "perMinute" | "total">,
): Promise<string> => {
  const id = uuidv7();
  await sql(
    `INSERT INTO "JobReplay" (id, filter, "perMinute", total) VALUES ($1::uuid, $2::jsonb, $3::int, $4::int)`,
    [id, JSON.stringify(filter), perMinute, total],
  );
  return id;
};

/** Stops a replay. Jobs that it has replayed go on. Resolves with it, or with undefined if it does not run. */
export const stopReplay = async (sql: Sql, id: string): Promise<Replay | undefined> =>
  (
    await sql<Replay>(
      `UPDATE "JobReplay" SET state = 'STOPPED', "endedAt" = now() WHERE id = $1::uuid AND state = 'RUNNING' RETURNING *`,
      [id],
    )
  )[0];

/** The newest replays. */
export const findReplays = (sql: Sql, limit: number): Promise<Replay[]> =>
  sql(`SELECT * FROM "JobReplay" ORDER BY id DESC LIMIT $1::int`, [limit]);

/**
 * Continues all replays that run: each takes as many jobs as its rate allows since it took the last. In a transaction.
 */
export const continueReplays = async (sql: Sql): Promise<void> => {
  const running = await sql<Replay & { seconds: number }>(
    `SELECT *, extract(epoch FROM now() - "movedAt")::float8 AS seconds FROM "JobReplay"
     WHERE state = 'RUNNING' ORDER BY id FOR UPDATE SKIP LOCKED`,
    [],
  );
  for (const replay of running) await continueReplay(sql, replay);
};

const continueReplay = async (sql: Sql, replay: Replay & { seconds: number }): Promise<void> => {
  const perSecond = replay.perMinute / 60;
  // A slow one needs longer than that for one job.
  const seconds = Math.min(replay.seconds, Math.max(CATCH_UP, 1 / perSecond + 1));
  const wanted = Math.min(Math.floor(seconds * perSecond), replay.total - replay.replayed, BATCH);
  if (wanted < 1) return;
  const ids = await oldestFailed(sql, replay, wanted);
  await replayJobs(sql, ids, Math.round((wanted / perSecond) * 1_000));
  const isDone = ids.length < wanted || replay.replayed + ids.length >= replay.total;
  await sql(
    `UPDATE "JobReplay" SET replayed = replayed + $2::int, "movedAt" = now(),
            state = (CASE WHEN $3::boolean THEN 'DONE' ELSE 'RUNNING' END)::"ReplayState",
            "endedAt" = CASE WHEN $3::boolean THEN now() END
     WHERE id = $1::uuid`,
    [replay.id, ids.length, isDone],
  );
};

/** Not those that failed after the replay began, or it would replay one job again and again. */
const oldestFailed = async (sql: Sql, { filter, createdAt }: Replay, limit: number): Promise<string[]> => {
  const { conditions, values, parameter } = conditionsOf(filter, `"finishedAt"`);
  const before = `"finishedAt" <= ${parameter(createdAt)}::timestamptz`;
  const rows = await sql<{ id: string }>(
    `SELECT id FROM "Job" WHERE ${["state = 'FAILED'", before, ...conditions].join(" AND ")}
     ORDER BY "finishedAt", id LIMIT ${parameter(limit)}::int`,
    values,
  );
  return rows.map(({ id }) => id);
};
