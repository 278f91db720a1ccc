import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import { cancelJobs, type Jobs, replayJobs, type Sql } from "../../workers/core/index.ts";
import { Problem } from "../http/problem.ts";

/** The most jobs that one request takes out of the dead letter. */
const MOST = 1_000;

/** Jobs in the dead letter: by their ids, by the kind of their last error, by their name. */
export const selection = z
  .strictObject({
    ids: z.array(z.uuid()).min(1).max(MOST).optional(),
    kind: z.string().max(64).optional(),
    name: z.string().max(64).optional(),
  })
  .refine(
    ({ ids, kind, name }) => (ids === undefined) !== (kind === undefined && name === undefined),
    "Use either ids, or kind and name.",
  );

interface Changed {
  readonly count: number;
}

/** Takes one job out of the dead letter. @throws Problem if the id is none */
export const retry = (jobs: Jobs<Tx>, id: string): Promise<Changed> => replay(jobs, async () => [uuid(id)]);

/** Takes the newest of the selected jobs out of the dead letter, at most 1,000. */
export const retryMany = (
  jobs: Jobs<Tx>,
  { ids, kind, name }: z.output<typeof selection>,
): Promise<Changed> => replay(jobs, async (sql) => ids ?? (await findDead(sql, kind, name)));

/** Cancels a job that has not started, or a flow by its root. @throws Problem if the id is none */
export const cancel = async (jobs: Jobs<Tx>, id: string): Promise<Changed> =>
  jobs.transaction(async ({ sql }) => ({ count: (await cancelJobs(sql, [uuid(id)])).length }));

const replay = (jobs: Jobs<Tx>, find: (sql: Sql) => Promise<readonly string[]>): Promise<Changed> =>
  jobs.transaction(async ({ sql }) => ({ count: (await replayJobs(sql, await find(sql))).length }));

const findDead = async (sql: Sql, kind?: string, name?: string): Promise<string[]> => {
  const rows = await sql<{ id: string }>(
    `SELECT id FROM "Job" WHERE state = 'FAILED' AND ($1::text IS NULL OR history -> -1 ->> 'kind' = $1)
       AND ($2::text IS NULL OR name = $2)
     ORDER BY "finishedAt" DESC LIMIT ${MOST}`,
    [kind ?? null, name ?? null],
  );
  return rows.map(({ id }) => id);
};

const uuid = (text: string): string => {
  const { data } = z.uuid().safeParse(text);
  if (!data) throw new Problem("not-found");
  return data;
};
