import type { Sql } from "./sql.ts";

/** A queue of which no job starts. */
export interface Pause {
  name: string;
  /** Who paused it: the id of an administrator, or the name of a program. */
  by: string;
  pausedAt: Date;
}

/** Pauses a queue until `resumeQueue`. A queue that is paused stays as it is. Resolves with whether it was not. */
export const pauseQueue = async (sql: Sql, name: string, by: string): Promise<boolean> => {
  const text = `INSERT INTO "JobPause" (name, by) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING name`;
  return (await sql(text, [name, by])).length > 0;
};

/** Resumes a queue. Resolves with whether it was paused. */
export const resumeQueue = async (sql: Sql, name: string): Promise<boolean> =>
  (await sql(`DELETE FROM "JobPause" WHERE name = $1 RETURNING name`, [name])).length > 0;

/** All pauses, in the order of the queues' names. */
export const findPauses = (sql: Sql): Promise<Pause[]> => sql(`SELECT * FROM "JobPause" ORDER BY name`, []);
