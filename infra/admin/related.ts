import { findJob, type JobRow, type Sql } from "../../workers/core/index.ts";

const MOST = 500;

export interface Related {
  tree: JobRow[];
  cause: JobRow | undefined;
  followUps: JobRow[];
}

/** What belongs to a job: its flow, the job whose run enqueued it, and the jobs that its own runs enqueued. */
export const findRelated = async (sql: Sql, { id, rootId, causeId }: JobRow): Promise<Related> => {
  const [tree, cause, followUps] = await Promise.all([
    rootId
      ? sql<JobRow>(`SELECT * FROM "Job" WHERE "rootId" = $1::uuid ORDER BY id LIMIT ${MOST}`, [rootId])
      : [],
    causeId ? findJob(sql, causeId) : undefined,
    sql<JobRow>(`SELECT * FROM "Job" WHERE "causeId" = $1::uuid ORDER BY id LIMIT ${MOST}`, [id]),
  ]);
  return { tree, cause, followUps };
};
