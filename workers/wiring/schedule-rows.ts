import type { Sql } from "../core/index.ts";
import type { DueSchedule, Move } from "../schedule-dispatch/handler.ts";

/** Locks due schedules. Those that another transaction has locked are left to it. */
export const claimSchedules = async (sql: Sql, limit: number): Promise<{ now: Date; due: DueSchedule[] }> => {
  const due = await sql<DueSchedule & { now: Date }>(
    `WITH claimed AS MATERIALIZED (
       SELECT * FROM "Schedule" WHERE "nextRunAt" <= now() AND NOT paused
       ORDER BY "nextRunAt" LIMIT $1::int FOR UPDATE SKIP LOCKED)
     SELECT s.id, s.job, s.payload, s."userId", s.cadence::text, s.minutes, s.hour, s.minute, s.weekday, s."dayOfMonth",
            s.zone, s."nextRunAt", s."lastSlot", now() AS now, s."projectId" IS NULL OR m.found IS NOT NULL AS wanted
     FROM claimed s LEFT JOIN LATERAL (
       -- A LIMIT, so that it is one look into the index per row, not a scan of all members.
       SELECT true AS found FROM "ProjectMember" m
       WHERE m."projectId" = s."projectId" AND m."userId" = s."userId" LIMIT 1) m ON true`,
    [limit],
  );
  return { now: due[0]?.now ?? new Date(), due };
};

/** Moves schedules on. Those that have run keep the slot; the others, without one, keep what they had. */
export const moveSchedules = (sql: Sql, moves: readonly Move[]): Promise<unknown> =>
  sql(
    `UPDATE "Schedule" s SET "nextRunAt" = t."nextRunAt", "lastSlot" = COALESCE(t."lastSlot", s."lastSlot"),
            "lastRunAt" = CASE WHEN t."lastSlot" IS NULL THEN s."lastRunAt" ELSE now() END, missed = s.missed + t.missed
     FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::int[]) t (id, "nextRunAt", "lastSlot", missed)
     WHERE s.id = t.id`,
    (["id", "nextRunAt", "lastSlot", "missed"] as const).map((field) => moves.map((move) => move[field])),
  );

/** Deletes schedules whose user has left the project. */
export const removeSchedules = (sql: Sql, ids: readonly string[]): Promise<unknown> =>
  sql(`DELETE FROM "Schedule" WHERE id = ANY ($1::uuid[])`, [ids]);
