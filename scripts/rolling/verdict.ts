import type { Message } from "../../sandbox/inbox.ts";
import type { Sql } from "../../workers/core/index.ts";
import { until } from "../processes/until.ts";

/** Messages of PostgreSQL, Prisma and core about what one version wrote and the other does not understand. */
const MISMATCH =
  /does not exist|does not match the schema|violates|invalid input value for enum|migrations are missing|not a job of the ledger/;

const OPEN = `state IN ('WAITING', 'PENDING', 'PUBLISHED') AND "readyAt" < now() + interval '1 minute'`;

/** Waits until no job is waiting or running. Resolves with those that still are after 30 s. */
export const findUnfinished = async (sql: Sql): Promise<string[]> => {
  const left = () =>
    sql<{ text: string }>(
      `SELECT name || ' is ' || state || ', ' || count(*) || ' times' AS text FROM "Job" WHERE ${OPEN} GROUP BY name, state`,
      [],
    );
  await until("every job is finished", async () => (await left()).length === 0, 30_000).catch(() => {});
  return (await left()).map(({ text }) => text);
};

/** Jobs that ended in another way than COMPLETED. */
export const findFailed = async (sql: Sql): Promise<string[]> => {
  const rows = await sql<{ text: string }>(
    `SELECT name || ' ' || id || ' is ' || state || ': ' || coalesce(error, '') AS text FROM "Job"
     WHERE state IN ('FAILED', 'CANCELLED')`,
    [],
  );
  return rows.map(({ text }) => text);
};

/** Uploads, reports and exports that are not ready, and deletions that have not finished, although all jobs are done. */
export const findUnready = async (sql: Sql): Promise<string[]> => {
  const problems: string[] = [];
  for (const table of ["Upload", "Report", "AccountExport"]) {
    const rows = await sql<{ text: string }>(
      `SELECT '${table} ' || id || ' is ' || state || ': ' || coalesce(problem, '') AS text FROM "${table}" WHERE state <> 'READY'`,
      [],
    );
    problems.push(...rows.map(({ text }) => text));
  }
  const deletions = await sql<{ text: string }>(
    `SELECT 'the deletion ' || id || ' has not finished' AS text FROM "AccountDeletion" WHERE "finishedAt" IS NULL`,
    [],
  );
  return [...problems, ...deletions.map(({ text }) => text)];
};

/** Mail jobs without their mail, and with more copies than crashes of their runs explain. */
export const findWrongMails = async (sql: Sql, mails: readonly Message[]): Promise<string[]> => {
  const jobs = await sql<{ id: string; crashes: number }>(
    `SELECT id, crashes FROM "Job" WHERE name = 'email' AND state = 'COMPLETED'`,
    [],
  );
  const copies = Map.groupBy(mails, ({ messageId }) => messageId);
  return jobs.flatMap(({ id, crashes }) => {
    const count = copies.get(`<${id}@offstage.example>`)?.length ?? 0;
    return count >= 1 && count <= 1 + crashes ? [] : [`the mail of job ${id} arrived ${count} times`];
  });
};

/** Addresses whose sign-up was accepted, and that have no confirmation. */
export const findWrongSignUps = (signedUp: ReadonlySet<string>, mails: readonly Message[]): string[] =>
  [...signedUp]
    .filter((email) => !mails.some(({ to, text }) => to === email && /#[\w-]{43}/.test(text)))
    .map((email) => `${email} has no mail with a link`);

/** Lines of the log that say that one version did not understand the other. */
export const findMismatches = (output: readonly string[]): string[] =>
  output
    .filter((line) => MISMATCH.test(line) || /"level":"(error|fatal)"/.test(line))
    .map((line) => line.slice(0, 400));
