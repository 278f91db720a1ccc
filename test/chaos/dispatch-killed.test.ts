import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { seededRandom } from "../../scripts/processes/random.ts";
import { until } from "../../scripts/processes/until.ts";
import { insertDueSchedules } from "../support/chaos/schedules.ts";
import { createSystem, type System } from "../support/chaos/system.ts";

const SCHEDULES = 6_000;
const KILLS = 4;

const countOf = async ({ sql }: System, condition: string): Promise<number> =>
  (await sql<{ count: number }>(`SELECT count(*)::int AS count FROM ${condition}`, []))[0]?.count ?? 0;

/** Kills a worker soon after it has enqueued more jobs; the next one finds the dispatch unfinished. */
const killWorkers = async (system: System) => {
  const random = seededRandom(20_261_127);
  const enqueued = () => countOf(system, `"Job" WHERE name = 'report-generate'`);
  for (let kills = 0; kills < KILLS; kills++) {
    const before = await enqueued();
    const worker = await system.startWorker({ WORKERS: "schedule-dispatch" });
    await until("a worker has enqueued jobs", async () => (await enqueued()) > before, 60_000);
    await sleep(random() * 100);
    await worker.kill();
    if ((await countOf(system, `"Schedule" WHERE "nextRunAt" <= now()`)) === 0) return kills + 1;
  }
  return KILLS;
};

it(
  "however often the dispatcher is killed, each schedule's slot is enqueued exactly once",
  { timeout: 600_000 },
  async () => {
    await using system = await createSystem();
    await insertDueSchedules(system, SCHEDULES);
    expect(await killWorkers(system)).toBeGreaterThan(1);
    // Two at once: the second is harmless.
    await system.startWorker({ WORKERS: "schedule-dispatch" });
    await system.startWorker({ WORKERS: "schedule-dispatch" });
    await until(
      "no schedule is due",
      async () => (await countOf(system, `"Schedule" WHERE "nextRunAt" <= now()`)) === 0,
      120_000,
    );
    const [found] = await system.sql(
      `SELECT count(*)::int AS jobs, count(DISTINCT j.key)::int AS keys, count(DISTINCT s.id)::int AS schedules,
              bool_and(j.key = 'schedule:' || s.id || ':' || s."lastSlot") AS named, max(s.missed) AS missed
       FROM "Schedule" s JOIN "Job" j ON j.payload ->> 'scheduleId' = s.id::text`,
      [],
    );
    expect(found).toEqual({ jobs: SCHEDULES, keys: SCHEDULES, schedules: SCHEDULES, named: true, missed: 0 });
    const [batches] = await system.sql(`SELECT sum(total)::int AS total FROM "JobBatch"`, []);
    expect(batches).toEqual({ total: SCHEDULES });
  },
);
