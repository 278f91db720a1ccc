import type { Sql } from "../../workers/core/ledger.ts";

export interface Filter {
  state: string | undefined;
  name: string | undefined;
  /** Created at most this many seconds ago. */
  seconds: number | undefined;
  limit: number;
}

export interface Attempt {
  startedAt: string | null;
  endedAt: string;
  by: string | null;
  outcome: string;
  error?: string | null;
  /** When the next one is due. */
  retryAt?: string | null;
}

export interface JobRow {
  id: string;
  rootId: string | null;
  parentId: string | null;
  onFailure: string | null;
  name: string;
  payload: unknown;
  key: string | null;
  state: string;
  epoch: number;
  priority: number;
  attempt: number;
  crashes: number;
  progress: unknown;
  history: Attempt[];
  result: unknown;
  error: string | null;
  createdAt: Date;
  dueAt: Date;
  publishedAt: Date | null;
  startedAt: Date | null;
  startedBy: string | null;
  finishedAt: Date | null;
}

/** The newest jobs that fit, newest first. */
export const findJobs = (sql: Sql, { state, name, seconds, limit }: Filter): Promise<JobRow[]> =>
  sql(
    `SELECT * FROM "Job"
     WHERE ($1::text IS NULL OR state::text = $1) AND ($2::text IS NULL OR name = $2)
       AND ($3::int IS NULL OR "createdAt" > now() - $3::int * interval '1 second')
     ORDER BY id DESC LIMIT $4::int`,
    [state ?? null, name ?? null, seconds ?? null, limit],
  );

/** The jobs of a flow, in the order of their creation: parents before children. */
export const loadFlow = (sql: Sql, rootId: string): Promise<JobRow[]> =>
  sql(`SELECT * FROM "Job" WHERE "rootId" = $1::uuid ORDER BY id`, [rootId]);

export const loadJob = async (sql: Sql, id: string): Promise<JobRow | undefined> =>
  (await sql<JobRow>(`SELECT * FROM "Job" WHERE id = $1::uuid`, [id]))[0];
