import { expect, test } from "vitest";
import { chore, patientChore } from "../../scripts/chaos/jobs.ts";
import { freePort } from "../../scripts/processes/ports.ts";
import { until } from "../../scripts/processes/until.ts";
import { expectAllDoneOnce } from "../support/chaos/checks.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { insertJob } from "../support/core/insert-job.ts";

/** An API for chores on one of the brokers. Resolves with a function that requests this many. */
const startChoreApi = async (system: System, queueUrl: string, firstNumber: number) => {
  const port = await freePort();
  const api = system.start("scripts/chaos/chore-api.ts", { QUEUE_URL: queueUrl, PORT: `${port}` });
  await api.wrote("listening");
  let number = firstNumber;
  const request = async (payload: { ms: number; fails: number; key?: string }) => {
    const body = JSON.stringify({ number: number++, ...payload });
    const { status } = await fetch(`http://127.0.0.1:${port}`, { method: "POST", body });
    expect(status).toBe(202);
  };
  return (count: number, payload: { ms: number; fails: number; key?: string }) =>
    Promise.all(Array.from({ length: count }, () => request(payload)));
};

const countWhere = async ({ sql }: System, condition: string): Promise<number> => {
  const rows = await sql<{ count: number }>(`SELECT count(*)::int FROM "Job" WHERE ${condition}`, []);
  return rows[0]?.count ?? 0;
};

test("while processes of two brokers share a ledger, no job waits for a broker without workers", async () => {
  await using system = await createSystem();
  await system.sql(`CREATE TABLE "ChoreRequested" (number int PRIMARY KEY, id uuid NOT NULL)`, []);
  const [oldBroker, newBroker] = [system.env["DATABASE_URL"]!, system.env["QUEUE_URL"]!];
  const [oldWorker, requestOld, requestNew] = await Promise.all([
    system.startChoreWorker({ QUEUE_URL: oldBroker }),
    startChoreApi(system, oldBroker, 0),
    startChoreApi(system, newBroker, 10_000),
  ]);
  // A retry in a minute, which only the old broker knows.
  const patient = await insertJob(system.sql, patientChore, { fails: 1 });
  await until("it waits for its retry", async () => (await countWhere(system, "attempt = 1")) === 1);
  await requestOld(30, { ms: 3_000, fails: 0 });
  await system.startChoreWorker({ QUEUE_URL: newBroker });
  await Promise.all([
    requestOld(100, { ms: 0, fails: 0 }),
    requestNew(100, { ms: 0, fails: 0 }),
    requestOld(2, { ms: 0, fails: 1, key: "same" }),
    requestOld(8, { ms: 0, fails: 0, key: "same" }),
    requestNew(10, { ms: 0, fails: 0, key: "same" }),
  ]);
  expect(await countWhere(system, "state = 'PUBLISHED'")).toBeGreaterThan(0);

  const ended = oldWorker.kill("SIGTERM");
  await Promise.all([requestOld(50, { ms: 0, fails: 0 }), ended]);
  await requestOld(50, { ms: 0, fails: 0 });
  await until(
    "all but the retry are done",
    async () => (await countWhere(system, "state = 'COMPLETED'")) === 350,
    15_000,
  );
  const [retry] = await system.sql<{ state: string; seconds: number }>(
    `SELECT state, extract(epoch FROM "dueAt" - now())::int AS seconds FROM "Job" WHERE id = $1::uuid`,
    [patient],
  );
  expect(retry).toMatchObject({ state: "PENDING" });
  expect(retry?.seconds).toBeGreaterThan(20);
  await system.sql(`UPDATE "Job" SET "dueAt" = now() WHERE id = $1::uuid`, [patient]);
  await until("it is done too", async () => (await countWhere(system, "state = 'COMPLETED'")) === 351, 5_000);
  await expectAllDoneOnce(system);
  expect(await countWhere(system, `name = '${chore.name}' AND crashes > 0`)).toBe(0);
});
