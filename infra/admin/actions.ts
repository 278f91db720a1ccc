import { v7 as uuidv7 } from "uuid";
import type { Sql } from "../../workers/core/index.ts";

/** Who did something: an administrator, or the operating system's user of a command line. */
export type Actor = { userId: string } | { program: string };

/** What an administrator has done. */
export interface Action {
  /** Such as job.retry. */
  action: string;
  /** What it was done to. Ids only. */
  target: object;
  /** Jobs that it changed, or was to change. */
  count?: number;
}

export interface ActionRow {
  id: string;
  at: Date;
  userId: string | null;
  program: string | null;
  action: string;
  target: unknown;
  count: number | null;
}

/** Records an action, in the transaction of its changes. */
export const recordAction = (sql: Sql, actor: Actor, { action, target, count }: Action): Promise<unknown> =>
  sql(
    `INSERT INTO "AdminAction" (id, "userId", program, action, target, count)
     VALUES ($1::uuid, $2::uuid, $3, $4, $5::jsonb, $6::int)`,
    [
      uuidv7(),
      "userId" in actor ? actor.userId : null,
      "program" in actor ? actor.program : null,
      ...[action, JSON.stringify(target), count ?? null],
    ],
  );

/** The newest actions, newest first. */
export const findActions = (
  sql: Sql,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<ActionRow[]> =>
  sql(`SELECT * FROM "AdminAction" WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2::int`, [
    cursor ?? null,
    limit,
  ]);
