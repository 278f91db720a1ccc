import { expect, it } from "vitest";
import { insertJob } from "../support/core/insert-job.ts";
import { untilAllFinished } from "../support/chaos/checks.ts";
import { chore } from "../../scripts/chaos/jobs.ts";
import { createSystem, type System } from "../support/chaos/system.ts";

/** Restarts a worker whenever it dies, as an orchestrator does. Returns a function that ends this. */
const supervise = (system: System) => {
  let stopped = false;
  const restart = async () => {
    while (!stopped) await system.start("scripts/chaos/chore-worker.ts", { LOCK_DURATION: "4000" }).exited;
  };
  void restart();
  return () => void (stopped = true);
};

const enqueue = ({ sql }: System, times: number) =>
  Promise.all(Array.from({ length: times }, () => insertJob(sql, chore, { ms: 1_000 })));

it(
  "a job that kills its process goes to the dead letter after three starts, and all other jobs complete",
  { timeout: 600_000 },
  async () => {
    await using system = await createSystem();
    const stops = [supervise(system), supervise(system)];
    await enqueue(system, 18);
    const poison = await insertJob(system.sql, chore, { ms: 500, end: "death" });
    await enqueue(system, 40);
    await untilAllFinished(system);
    for (const stop of stops) stop();

    const failed = `SELECT id, error, jsonb_path_query_array(history, '$[*].outcome') AS outcomes
      FROM "Job" WHERE state = 'FAILED'`;
    expect(await system.sql(failed, [])).toEqual([
      {
        id: poison,
        error: expect.stringContaining("its process died 3 times"),
        outcomes: ["crashed", "crashed", "crashed", "failed"],
      },
    ]);
    expect(await system.sql(`SELECT id FROM "ChoreStarted" WHERE id = $1`, [poison])).toHaveLength(3);
    expect(await system.sql(`SELECT DISTINCT id FROM "ChoreDone"`, [])).toHaveLength(58);
    expect(await system.sql(`SELECT id FROM "ChoreDone"`, [])).toHaveLength(58);
  },
);
