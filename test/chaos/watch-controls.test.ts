import { expect, it } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { demoTask } from "../../workers/demo-task/job.ts";
import { OWN } from "../support/api/controls.ts";
import { untilAllFinished } from "../support/chaos/checks.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { insertJob } from "../support/core/insert-job.ts";

/** Starts a process whenever it has died, as a supervisor does. Returns a function that ends this. */
const supervise = (system: System, file: string, env: Record<string, string>) => {
  let stopped = false;
  const restart = async () => {
    while (!stopped) await system.start(file, env).exited;
  };
  void restart();
  return () => void (stopped = true);
};

/** Sends what the live page sends, as soon as the API responds and another break is allowed. */
const act = async (system: System, method: string, path: string, body: object = {}) =>
  until(`${method} ${path}`, async () => {
    const headers = { ...OWN, "content-type": "application/json" };
    const url = `${system.apiUrl}/watch/control${path}`;
    const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
    return response.ok && ((await response.json()) as Record<string, string>);
  });

/** Signs up with a request that kills its process. Resolves when the API responds again. */
const signUpAndDie = (system: System, moment: string, email: string) =>
  until(`the API has died ${moment}`, async () => {
    const headers = { ...OWN, "content-type": "application/json", "x-watch-kill": moment };
    const body = JSON.stringify({ email, name: "Ada", password: "correct horse battery" });
    await fetch(`${system.apiUrl}/readyz`);
    const response = await fetch(`${system.apiUrl}/v1/signup`, { method: "POST", headers, body }).catch(
      () => undefined,
    );
    return response === undefined;
  });

const row = async <Row extends object>({ sql }: System, id: string) =>
  (await sql<Row>(`SELECT * FROM "Job" WHERE id = $1::uuid`, [id]))[0]!;

it("what the live page breaks in real processes loses nothing", { timeout: 300_000 }, async () => {
  await using system = await createSystem();
  const workers = { WORKERS: "demo-task,email" };
  const stops = [
    supervise(system, "api/main.ts", {}),
    supervise(system, "workers/main.ts", workers),
    supervise(system, "workers/main.ts", workers),
  ];

  // A worker that is killed while it runs a job.
  const sleeping = await insertJob(system.sql, demoTask, { work: "sleep", ms: 3_000 });
  const startedBy = await until("the job runs", async () => {
    const found = await row<{ startedAt: Date | null; startedBy: string | null }>(system, sleeping);
    return found.startedAt !== null && found.startedBy;
  });
  expect(await act(system, "POST", `/workers/${startedBy}/kill`)).toEqual({ killed: startedBy });

  // A job that kills its worker, among others.
  const { id: poison } = await act(system, "POST", "/poison");
  await act(system, "POST", "/rain", { perSecond: 20, seconds: 5 });

  // A broker that loses jobs while it holds some.
  await act(system, "PUT", "/queues/email", { paused: true });
  await act(system, "POST", "/limited", { count: 20 });
  await until("the broker has them", async () => {
    const published = `SELECT id FROM "Job" WHERE name = 'email' AND state = 'PUBLISHED'`;
    return (await system.sql(published, [])).length === 20;
  });
  expect(Number((await act(system, "POST", "/broker/empty"))["held"])).toBeGreaterThanOrEqual(20);
  await act(system, "PUT", "/queues/email", { paused: false }); // the ledger has kept the pause

  // A load ends with the process that adds it.
  await until("the rain has ended", async () => {
    const response = await fetch(`${system.apiUrl}/watch/control/state`, { headers: OWN });
    const { flood } = (await response.json()) as { flood: { accepted: number; endedAt: string | null } };
    return flood.endedAt !== null && flood.accepted === 100;
  });

  // An API that dies around the commit of a sign-up.
  await signUpAndDie(system, "before-commit", "before@example.com");
  await signUpAndDie(system, "after-commit", "after@example.com");

  await untilAllFinished(system);
  for (const stop of stops) stop();
  // The poisonous job may have killed the other worker too.
  const { crashes } = await row<{ crashes: number }>(system, sleeping);
  expect([1, 2]).toContain(crashes);
  expect(await system.sql(`SELECT id, error FROM "Job" WHERE state <> 'COMPLETED'`, [])).toEqual([
    { id: poison, error: expect.stringContaining("its process died 3 times") },
  ]);
  const done = `SELECT name, count(*)::int FROM "Job" WHERE state = 'COMPLETED' GROUP BY name ORDER BY name`;
  expect(await system.sql(done, [])).toEqual([
    { name: "demo-task", count: 101 },
    { name: "email", count: 21 },
  ]);
  const users = await system.sql<{ email: string }>(`SELECT email FROM "User"`, []);
  const addresses = users.map(({ email }) => email);
  expect(addresses).not.toContain("before@example.com");
  expect(new Set((await system.mails()).map(({ to }) => to))).toEqual(new Set(addresses));
  expect(addresses).toContain("after@example.com");
});
