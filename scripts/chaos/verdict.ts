import { until } from "../processes/until.ts";
import { replayJobs } from "../../workers/core/index.ts";
import type { Acknowledgement, Requests } from "./load.ts";
import type { System } from "./system.ts";

/** The comparison of acknowledged requests with their effects. */
export interface Verdict {
  readonly acknowledged: number;
  /** Acknowledged requests that took effect. */
  readonly done: number;
  /** Acknowledged requests without an effect, and rows without their job or jobs without their row. Must be empty. */
  readonly lost: readonly string[];
  /** Effects that occurred more often than the crash window allows. Must be empty. */
  readonly repeated: readonly string[];
  /** Completed jobs with an ordering key. */
  readonly ordered: number;
  /** Those that began before an earlier one of their key had ended. Must be empty. */
  readonly disordered: readonly string[];
  /** Mails beyond the first to each address. */
  readonly duplicateMails: number;
  /** Addresses with a mail whose Message-ID is not its job's, so that it cannot be deduplicated. Must be empty. */
  readonly unexpectedMessageIds: readonly string[];
  /** Jobs that were in the dead letter and were replayed. */
  readonly deadLettered: number;
  /** Jobs that were running when their process died. */
  readonly crashed: number;
  /** The longest time from the commit of a job to its end, in milliseconds. Excludes replays. */
  readonly slowestMs: number;
}

const untilIdle = ({ sql }: System) =>
  until(
    "every job has finished",
    async () =>
      (await sql(`SELECT id FROM "Job" WHERE state IN ('WAITING', 'PENDING', 'PUBLISHED')`, [])).length === 0,
    300_000,
  );

const acknowledgedKeys = <Key>(requests: Map<Key, Acknowledgement>): Key[] =>
  [...requests].filter(([, state]) => state === "acknowledged").map(([key]) => key);

const checkChores = async ({ sql }: System, { chores }: Requests) => {
  const rows = await sql<{ number: number | null; state: string | null; effects: number }>(
    `SELECT a.number, j.state::text, (SELECT count(*)::int FROM "ChoreDone" d WHERE d.id = j.id) AS effects
     FROM "ChoreRequested" a FULL JOIN (SELECT * FROM "Job" WHERE name = 'chore') j USING (id)`,
    [],
  );
  const done = new Set(rows.filter(({ effects }) => effects > 0).map(({ number }) => number));
  const acknowledged = acknowledgedKeys(chores);
  return {
    acknowledged: acknowledged.length,
    done: acknowledged.filter((number) => done.has(number)).length,
    lost: [
      ...acknowledged.filter((number) => !done.has(number)).map((number) => `chore ${number}`),
      ...rows
        .filter(({ number, state, effects }) => number === null || state !== "COMPLETED" || effects === 0)
        .map(({ number, state }) => `incomplete chore: number ${number}, state ${state}`),
    ],
    repeated: rows.filter(({ effects }) => effects > 1).map(({ number }) => `chore ${number}`),
  };
};

/** Compares each chore with the one before it in the order of their key. */
const findDisordered = async ({ sql }: System): Promise<string[]> => {
  const rows = await sql<{ id: string; key: string }>(
    `SELECT id, "orderKey" AS key FROM (
       SELECT id, "orderKey", "orderSeq", max(done) OVER earlier AS "doneBefore", started
       FROM (SELECT j.id, j."orderKey", j."orderSeq", (SELECT max(at) FROM "ChoreDone" d WHERE d.id = j.id) AS done,
                    (SELECT min(at) FROM "ChoreStarted" s WHERE s.id = j.id) AS started
             FROM "Job" j WHERE j."orderKey" IS NOT NULL AND j.state = 'COMPLETED') ordered
       WINDOW earlier AS (PARTITION BY "orderKey" ORDER BY "orderSeq" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
     ) compared WHERE started < "doneBefore"`,
    [],
  );
  return rows.map(({ id, key }) => `chore ${id} overtook another one of ${key}`);
};

interface SignUp {
  email: string | null;
  job: string | null;
  /** Runs that ended and may have sent the mail without the ledger recording it. */
  uncertainRuns: number;
}

const checkSignUps = async ({ sql, mails }: System, { signUps }: Requests) => {
  const rows = await sql<SignUp>(
    `SELECT u.email, j.id AS job, greatest(j.crashes + j.attempt, (
              SELECT count(*) FROM jsonb_array_elements(j.history) e
              WHERE e ->> 'outcome' IN ('retry', 'failed', 'crashed'))::int) AS "uncertainRuns"
     FROM "User" u FULL JOIN (SELECT * FROM "Job" WHERE name = 'email') j ON j.payload->>'userId' = u.id::text`,
    [],
  );
  const sent = Map.groupBy(await mails(), ({ to }) => to);
  const acknowledged = acknowledgedKeys(signUps);
  const copiesOf = ({ email }: SignUp) => sent.get(email ?? "") ?? [];
  return {
    acknowledged: acknowledged.length,
    done: acknowledged.filter((email) => sent.has(email)).length,
    lost: [
      ...acknowledged.filter((email) => !sent.has(email)),
      ...rows
        .filter((row) => !row.email || !row.job || copiesOf(row).length === 0)
        .map(({ email, job }) => `incomplete sign-up: email ${email}, job ${job}`),
    ],
    repeated: rows
      .filter((row) => copiesOf(row).length > 1 + row.uncertainRuns)
      .map(({ email }) => `${email}`),
    duplicateMails: [...sent.values()].reduce((sum, copies) => sum + copies.length - 1, 0),
    unexpectedMessageIds: rows
      .filter((row) => copiesOf(row).some(({ messageId }) => !messageId.startsWith(`<${row.job}@`)))
      .map(({ email }) => `${email}`),
  };
};

/**
 * Waits until every job has finished, replays the dead letter, waits again, and compares requests with effects.
 * @throws Error if the jobs do not finish within five minutes
 */
export const computeVerdict = async (system: System, requests: Requests): Promise<Verdict> => {
  await untilIdle(system);
  const [stats] = await system.sql<{ count: number; slowest: number }>(
    `SELECT count(*) FILTER (WHERE crashes > 0)::int AS count,
            (extract(epoch FROM max("finishedAt" - "createdAt")) * 1000)::float8 AS slowest FROM "Job"`,
    [],
  );
  // Before the replay, which runs jobs after later ones of their key.
  const [counted] = await system.sql<{ ordered: number }>(
    `SELECT count(*)::int AS ordered FROM "Job" WHERE "orderKey" IS NOT NULL AND state = 'COMPLETED'`,
    [],
  );
  const disordered = await findDisordered(system);
  const failedJobs = await system.sql<{ id: string }>(`SELECT id FROM "Job" WHERE state = 'FAILED'`, []);
  const failedIds = failedJobs.map(({ id }) => id);
  await system.transaction((sql) => replayJobs(sql, failedIds));
  await untilIdle(system);
  const [chores, signUps] = await Promise.all([
    checkChores(system, requests),
    checkSignUps(system, requests),
  ]);
  return {
    acknowledged: chores.acknowledged + signUps.acknowledged,
    done: chores.done + signUps.done,
    lost: [...chores.lost, ...signUps.lost],
    repeated: [...chores.repeated, ...signUps.repeated],
    ordered: counted?.ordered ?? 0,
    disordered,
    duplicateMails: signUps.duplicateMails,
    unexpectedMessageIds: signUps.unexpectedMessageIds,
    deadLettered: failedJobs.length,
    crashed: stats?.count ?? 0,
    slowestMs: stats?.slowest ?? 0,
  };
};

export const hasPassed = ({ lost, repeated, disordered, unexpectedMessageIds }: Verdict): boolean =>
  lost.length + repeated.length + disordered.length + unexpectedMessageIds.length === 0;
