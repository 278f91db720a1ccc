import { expect, it } from "vitest";
import { openBroker, replayJobs } from "../../workers/core/index.ts";
import { insertJob } from "../support/core/insert-job.ts";
import { testBroker } from "../support/core/broker.ts";
import { chore, fragileChore } from "../../scripts/chaos/jobs.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { createTestDatabase } from "../support/core/database.ts";
import { until } from "../../scripts/processes/until.ts";

const stateOf = async ({ sql }: System, id: string) =>
  (await sql<{ state: string }>(`SELECT state FROM "Job" WHERE id = $1`, [id]))[0]?.state;

const rowsOf = ({ sql }: System, table: "ChoreStarted" | "ChoreDone", id: string) =>
  sql(`SELECT id FROM "${table}" WHERE id = $1`, [id]);

const connect = async ({ env }: System) => {
  const broker = openBroker(env["QUEUE_URL"]!, env["QUEUE_PREFIX"]!, () => {});
  await until("the broker responds", () => broker.ping().then(() => true));
  return broker;
};

/** Each worker considers the others dead, however often they report. */
const considerEveryWorkerDead = async ({ sql }: System): Promise<void> => {
  await sql(
    `CREATE FUNCTION age() RETURNS trigger LANGUAGE plpgsql
     AS $$ BEGIN NEW."seenAt" := now() - interval '1 minute'; RETURN NEW; END $$`,
    [],
  );
  await sql(
    `CREATE TRIGGER age BEFORE INSERT OR UPDATE ON "JobWorker" FOR EACH ROW EXECUTE FUNCTION age()`,
    [],
  );
  await sql(`UPDATE "JobWorker" SET "seenAt" = now()`, []);
};

const timeout = { timeout: 600_000 };

it("a job published three times runs once", timeout, async () => {
  await using system = await createSystem();
  const id = await insertJob(system.sql, chore, {});
  const broker = await connect(system);
  // As if the sweep had considered it lost twice: the broker has every epoch, the ledger only the last one.
  for (const epoch of [1, 2, 3])
    await broker.queue(chore.name).add(chore.name, {}, { jobId: `${id}-${epoch}` });
  await system.sql(`UPDATE "Job" SET state = 'PUBLISHED', epoch = 3 WHERE id = $1`, [id]);

  await system.startChoreWorker();
  const counts = () => broker.queue(chore.name).getJobCounts("completed");
  await until("three deliveries", async () => (await counts())["completed"] === 3);
  await broker.close();
  expect(await stateOf(system, id)).toBe("COMPLETED");
  expect(await rowsOf(system, "ChoreStarted", id)).toHaveLength(1);
  expect(await rowsOf(system, "ChoreDone", id)).toHaveLength(1);
});

it("a job that two workers run at the same time takes effect once", timeout, async () => {
  await using system = await createSystem();
  await using stack = new AsyncDisposableStack();
  // Two separate brokers simulate one that lost a lock.
  const { url } = stack.adopt(await createTestDatabase(), ({ drop }) => drop());
  const other = await testBroker(url);
  await using second = system.start("scripts/chaos/chore-worker.ts", {
    QUEUE_URL: other.url,
    QUEUE_PREFIX: other.prefix,
  });
  await Promise.all([second.wrote("working"), system.startChoreWorker()]);

  await considerEveryWorkerDead(system);
  // Long enough for a busy machine to start the second run before the first one ends.
  const id = await insertJob(system.sql, chore, { ms: 20_000 }, { delay: 3_600_000 });
  for (const broker of [await connect(system), openBroker(other.url, other.prefix, () => {})]) {
    await until("the broker responds", () => broker.ping().then(() => true));
    await broker.queue(chore.name).add(chore.name, {}, { jobId: `${id}-1` });
    await broker.close();
  }
  await until(
    "both workers run the job",
    async () => (await rowsOf(system, "ChoreStarted", id)).length === 2,
  );
  await until("one run completes the job", async () => (await stateOf(system, id)) === "COMPLETED");
  await second.kill("SIGTERM");
  expect(await rowsOf(system, "ChoreDone", id)).toHaveLength(1);
});

it("a dead letter that is replayed twice at the same time runs once", timeout, async () => {
  await using system = await createSystem();
  await system.startChoreWorker();
  const id = await insertJob(system.sql, fragileChore, { fails: 1 });
  await until("the job is in the dead letter", async () => (await stateOf(system, id)) === "FAILED");

  const replays = await Promise.all([replayJobs(system.sql, [id]), replayJobs(system.sql, [id])]);
  expect(replays.flat()).toEqual([{ id }]);
  await until("the job is completed", async () => (await stateOf(system, id)) === "COMPLETED");
  expect(await replayJobs(system.sql, [id])).toEqual([]);
  expect(await rowsOf(system, "ChoreStarted", id)).toHaveLength(2);
  expect(await rowsOf(system, "ChoreDone", id)).toHaveLength(1);
});
