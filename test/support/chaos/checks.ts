import { expect } from "vitest";
import type { System } from "./system.ts";
import { until } from "../../../scripts/processes/until.ts";

/** Resolves when no job is waiting or running. */
export const untilAllFinished = ({ sql }: System, within = 240_000): Promise<boolean> =>
  until(
    "every job is finished",
    async () => {
      const left = await sql(
        `SELECT name, state, attempt, crashes, epoch, error, "startedAt" IS NOT NULL AS started, count(*)::int AS jobs
         FROM "Job" WHERE state IN ('WAITING', 'PENDING', 'PUBLISHED') GROUP BY 1, 2, 3, 4, 5, 6, 7`,
        [],
      );
      if (left.length > 0) throw new Error(`these are not: ${JSON.stringify(left)}`);
      return true;
    },
    within,
  );

/** Expects that every job is completed, and that each one of scripts/chaos/jobs.ts took effect once. */
export const expectAllDoneOnce = async ({ sql }: System): Promise<void> => {
  expect(await sql(`SELECT id, state, error FROM "Job" WHERE state <> 'COMPLETED'`, [])).toEqual([]);
  const wrong = await sql(
    `SELECT j.id, count(d.id) AS effects FROM "Job" j LEFT JOIN "ChoreDone" d USING (id)
     WHERE j.name LIKE '%chore' GROUP BY j.id HAVING count(d.id) <> 1`,
    [],
  );
  expect(wrong).toEqual([]);
};

/** Expects one job per user, one user per mail job, and one mail, perhaps in copies, per job. Returns the addresses. */
export const expectCompleteSignUps = async (system: System): Promise<Set<string>> => {
  const users = await system.sql<{ email: string; job: string | null }>(
    `SELECT email, j.id AS job FROM "User" u FULL JOIN "Job" j ON j.payload->>'userId' = u.id::text
     WHERE j.name IS NULL OR j.name = 'email' ORDER BY email`,
    [],
  );
  expect(users.filter(({ email, job }) => !email || !job)).toEqual([]);
  const mails = await system.mails();
  const sent = new Set(mails.map(({ to, messageId }) => `${to} ${messageId}`));
  expect([...sent].toSorted()).toEqual(
    users.map(({ email, job }) => `${email} <${job}@offstage.example>`).toSorted(),
  );
  return new Set(users.map(({ email }) => email));
};
