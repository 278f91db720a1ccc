import type { Tx } from "../../infra/database.ts";
import { todayOf } from "./today.ts";

/** How much there is in a project. */
export interface Counts {
  members: number;
  tasks: { todo: number; doing: number; done: number; overdue: number };
}

interface Row {
  id: string;
  members: number;
  todo: number;
  doing: number;
  done: number;
  overdue: number;
}

/** Counts in each of these projects. What is overdue depends on the user's time zone. */
export const countsOf = async (
  db: Tx,
  userId: string,
  projectIds: readonly string[],
): Promise<ReadonlyMap<string, Counts>> => {
  if (projectIds.length === 0) return new Map();
  const today = await todayOf(db, userId);
  const rows = await db.$queryRaw<Row[]>`
    SELECT p.id, m.members, t.todo, t.doing, t.done, o.overdue
      FROM unnest(${projectIds}::uuid[]) AS p (id)
     CROSS JOIN LATERAL (SELECT count(*)::int AS members FROM "ProjectMember" WHERE "projectId" = p.id) m
     CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE state = 'TODO')::int AS todo,
              count(*) FILTER (WHERE state = 'DOING')::int AS doing,
              count(*) FILTER (WHERE state = 'DONE')::int AS done
         FROM "Task" WHERE "projectId" = p.id) t
     CROSS JOIN LATERAL (
       SELECT count(*)::int AS overdue FROM "Task"
        WHERE "projectId" = p.id AND state <> 'DONE' AND "dueOn" < ${today}::date) o`;
  return new Map(rows.map(({ id, members, ...tasks }) => [id, { members, tasks }]));
};
