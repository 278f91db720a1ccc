import { describe, it } from "vitest";
import { insertJob } from "../support/core/insert-job.ts";
import { chore } from "../../scripts/chaos/jobs.ts";
import { signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { until } from "../../scripts/processes/until.ts";

interface Row {
  state: string;
  attempt: number;
  crashes: number;
  history: { outcome: string }[];
  startedAt: Date | null;
}

const readJob = async ({ sql }: System) => {
  const [row] = await sql<Row>(`SELECT state, attempt, crashes, history, "startedAt" FROM "Job"`, []);
  return row!;
};

const isRunning = async (system: System) => (await readJob(system)).startedAt !== null;
const isDone = async (system: System) => (await readJob(system)).state === "COMPLETED";

const exitOf = async (child: { kill(signal: "SIGTERM"): Promise<object> }) => {
  const began = performance.now();
  const exit = await child.kill("SIGTERM");
  return { ...exit, within30s: performance.now() - began < 30_000 };
};
const cleanExit = { code: 0, signal: null, within30s: true };

describe.concurrent("on SIGTERM", { timeout: 600_000 }, () => {
  it("a job that ends within the grace period completes", async ({ expect }) => {
    await using system = await createSystem();
    const worker = await system.startChoreWorker();
    await insertJob(system.sql, chore, { ms: 3_000 });
    await until("the job runs", () => isRunning(system));
    expect(await exitOf(worker)).toEqual(cleanExit);
    expect(await readJob(system)).toMatchObject({ state: "COMPLETED", attempt: 0, crashes: 0 });
  });

  it("a longer job is released and runs elsewhere, without spending an attempt", async ({ expect }) => {
    await using system = await createSystem();
    const worker = await system.startChoreWorker({ SHUTDOWN_GRACE_MS: "2000" });
    const id = await insertJob(system.sql, chore, { ms: 6_000 });
    await until("the job runs", () => isRunning(system));
    expect(await exitOf(worker)).toEqual(cleanExit);
    expect(await readJob(system)).toMatchObject({
      ...{ attempt: 0, crashes: 0, startedAt: null },
      history: [{ outcome: "released" }],
    });

    await system.startChoreWorker();
    await until("another worker completes the job", () => isDone(system));
    expect(await readJob(system)).toMatchObject({ attempt: 0, crashes: 0 });
    expect(await system.sql(`SELECT id FROM "ChoreStarted"`, [])).toEqual([{ id }, { id }]);
    expect(await system.sql(`SELECT id FROM "ChoreDone"`, [])).toEqual([{ id }]);
  });

  it("a mail that hangs does not keep the process beyond the grace period", async ({ expect }) => {
    await using system = await createSystem();
    await system.setMailOutage("hang");
    const [api, worker] = await Promise.all([system.startApi(), system.startWorker()]);
    await signUp(system.apiUrl, "ada@example.com");
    await until("the job runs", () => isRunning(system));
    expect(await Promise.all([exitOf(api), exitOf(worker)])).toEqual([cleanExit, cleanExit]);
    expect(await readJob(system)).toMatchObject({ attempt: 0, crashes: 0, startedAt: null });

    await system.setMailOutage("off");
    await system.startWorker();
    await until("another worker completes the job", () => isDone(system));
    const mails = await system.mails();
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(1);
  });
});
