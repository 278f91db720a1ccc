import { expect, inject, test } from "vitest";
import { chore, patientChore } from "../../scripts/chaos/jobs.ts";
import { until } from "../../scripts/processes/until.ts";
import { openBroker } from "../../workers/core/index.ts";
import { expectAllDoneOnce, untilAllFinished } from "../support/chaos/checks.ts";
import { signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { createTestDatabase } from "../support/core/database.ts";
import { insertJob } from "../support/core/insert-job.ts";

const TABLES = `SELECT format('%I', tablename) AS name FROM pg_tables
  WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' ORDER BY 1`;

/** Copies all tables in one snapshot, as pg_dump does, while processes use them. */
const backUp = async ({ sql }: System): Promise<void> => {
  const tables = await sql<{ name: string }>(TABLES, []);
  const copies = tables.map(({ name }) => `CREATE TABLE backup.${name} AS TABLE public.${name};`).join("\n");
  await sql(
    `BEGIN ISOLATION LEVEL REPEATABLE READ; CREATE SCHEMA backup; ${copies}
     CREATE TABLE backup.sequence AS SELECT last_value, is_called FROM "Job_orderSeq_seq"; COMMIT`,
    [],
  );
};

/** Puts the copies back. No process may run. */
const restore = async ({ sql }: System): Promise<void> => {
  const tables = await sql<{ name: string }>(TABLES, []);
  const names = tables.map(({ name }) => `public.${name}`);
  const inserts = tables.map(({ name }) => `INSERT INTO public.${name} TABLE backup.${name};`).join("\n");
  await sql(
    `DO $$ BEGIN SET LOCAL session_replication_role = replica; TRUNCATE ${names.join(", ")}; ${inserts}
     PERFORM setval('"Job_orderSeq_seq"', last_value, is_called) FROM backup.sequence; END $$`,
    [],
  );
};

// Restoring takes longer than the minute for which the sweep relies on a publication.
const letAMinutePass = async ({ sql }: System): Promise<void> => {
  await sql(`UPDATE "Job" SET "dueAt" = "dueAt" - interval '1 minute' WHERE state = 'PUBLISHED'`, []);
  await sql(`UPDATE "JobWorker" SET "seenAt" = "seenAt" - interval '1 minute'`, []);
};

const openSystemBroker = ({ env }: System) => openBroker(env["QUEUE_URL"]!, env["QUEUE_PREFIX"]!, () => {});

test("a ledger that is older than its broker finishes its jobs, and skips what it does not know", async () => {
  await using cleanups = new AsyncDisposableStack();
  // The broker must not be restored with the ledger.
  const queues = inject("redisUrl") ? undefined : await createTestDatabase();
  if (queues) cleanups.defer(queues.drop);
  const system = cleanups.use(await createSystem(queues && { queueUrl: queues.url }));
  const { sql } = system;
  const stateOf = async (id: string) =>
    (await sql<{ state: string }>(`SELECT state FROM "Job" WHERE id = $1::uuid`, [id]))[0]?.state;
  const reaches = (id: string, state: string) =>
    until(`job ${id} is ${state}`, async () => (await stateOf(id)) === state);
  const mailsTo = async (email: string) => (await system.mails()).filter(({ to }) => to === email);

  const [api, worker] = await Promise.all([system.startApi(), system.startChoreWorker()]);
  const done = await insertJob(sql, chore, {});
  await reaches(done, "COMPLETED");
  await system.setMailOutage("refuse");
  expect((await signUp(system.apiUrl, "before@example.com")).status).toBe(202);
  await insertJob(sql, chore, { ms: 1_500 });
  for (let index = 0; index < 3; index++) await insertJob(sql, chore, { ms: 300, key: "ordered" });
  const retried = await insertJob(sql, patientChore, { fails: 1 });
  const later = await insertJob(sql, chore, {}, { delay: 60_000 });
  await until("the mail and a chore have failed once", async () => {
    const rows = await sql(`SELECT FROM "Job" WHERE attempt > 0 AND name IN ('email', 'patient-chore')`, []);
    return rows.length === 2;
  });

  await backUp(system);
  await system.setMailOutage("off");
  await until("the mail is sent", async () => (await mailsTo("before@example.com")).length === 1);
  expect((await signUp(system.apiUrl, "after@example.com")).status).toBe(202);
  await until("that mail is sent too", async () => (await mailsTo("after@example.com")).length === 1);
  await until("the ordered chores are done", async () => {
    const rows = await sql(`SELECT FROM "Job" WHERE "orderKey" = 'ordered' AND state = 'COMPLETED'`, []);
    return rows.length === 3;
  });
  // From here on, deliveries stay in the broker: of jobs that the restored ledger does not have, and of later epochs.
  await worker.kill();
  const unknown = await Promise.all(Array.from({ length: 5 }, () => insertJob(sql, chore, {})));
  const again = `UPDATE "Job" SET state = 'PENDING', epoch = $2, "dueAt" = now() WHERE id = $1::uuid`;
  await sql(again, [later, 3]);
  await sql(again, [retried, 2]);
  for (const id of [...unknown, later, retried]) await reaches(id, "PUBLISHED");
  await api.kill();

  await restore(system);
  await letAMinutePass(system);
  expect(await stateOf(done)).toBe("COMPLETED");
  expect(await stateOf(unknown[0]!)).toBeUndefined();
  await sql(`UPDATE "Job" SET "dueAt" = now() WHERE id = $1::uuid`, [later]);
  const [, restarted] = await Promise.all([system.startApi(), system.startChoreWorker()]);
  await until("unknown deliveries are skipped", () => {
    const skipped = restarted.output.filter((line) => line.includes("does not know this delivery"));
    return unknown.every((id) => skipped.some((line) => line.includes(id)));
  });
  // The retry of a minute waits in the broker, which knows it under the epoch of the ledger.
  await sql(`UPDATE "Job" SET state = 'PENDING', epoch = epoch + 1, "dueAt" = now() WHERE id = $1::uuid`, [
    retried,
  ]);
  await untilAllFinished(system, 30_000);
  await expectAllDoneOnce(system);

  const copies = await mailsTo("before@example.com");
  expect(copies).toHaveLength(2);
  expect(new Set(copies.map(({ messageId }) => messageId)).size).toBe(1);
  expect(await sql(`SELECT email FROM "User"`, [])).toEqual([{ email: "before@example.com" }]);
  const broker = openSystemBroker(system);
  cleanups.defer(broker.close);
  await until("the broker responds", () => broker.ping().then(() => true));
  const left = await broker
    .queue(chore.name)
    .getJobCountByTypes("waiting", "prioritized", "delayed", "active");
  expect(left).toBe(0);
});
