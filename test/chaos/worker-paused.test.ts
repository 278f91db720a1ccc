import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { insertJob } from "../support/core/insert-job.ts";
import { expectAllDoneOnce, untilAllFinished } from "../support/chaos/checks.ts";
import { chore } from "../../scripts/chaos/jobs.ts";
import { createSystem } from "../support/chaos/system.ts";
import { until } from "../../scripts/processes/until.ts";

it("a worker that is paused, loses its lock and resumes keeps its job", { timeout: 600_000 }, async () => {
  await using system = await createSystem();
  const paused = await system.startChoreWorker({ LOCK_DURATION: "3000" });
  const id = await insertJob(system.sql, chore, { ms: 12_000 });
  await until(
    "the job runs",
    async () => (await system.sql(`SELECT id FROM "ChoreStarted"`, [])).length === 1,
  );
  await system.startChoreWorker({ LOCK_DURATION: "3000" });

  process.kill(paused.pid, "SIGSTOP");
  await sleep(5_000);
  process.kill(paused.pid, "SIGCONT");

  await untilAllFinished(system);
  await expectAllDoneOnce(system);
  expect(await system.sql(`SELECT id, crashes FROM "Job"`, [])).toEqual([{ id, crashes: 0 }]);
  expect(await system.sql(`SELECT pid FROM "ChoreStarted"`, [])).toEqual([{ pid: paused.pid }]);
});
