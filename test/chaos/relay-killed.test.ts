import { expect, it } from "vitest";
import { expectAllDoneOnce, untilAllFinished } from "../support/chaos/checks.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { chore } from "../../scripts/chaos/jobs.ts";
import { until } from "../../scripts/processes/until.ts";
import { openBroker } from "../../workers/core/index.ts";

/** The relay publishes up to four jobs one by one, and more in bulk. These sizes cover both. */
const batches = [2, 8, 2, 8, 5];

const killRelays = async (system: System) => {
  for (let kills = 0; kills < 10; kills++) {
    const relays = system.start("test/support/chaos/relay.ts", { BATCHES: batches.join() });
    expect(await relays.exited).toEqual({ code: null, signal: "SIGKILL" });
  }
};

const countInBroker = async ({ env }: System): Promise<number> => {
  const broker = openBroker(env["QUEUE_URL"]!, env["QUEUE_PREFIX"]!, () => {});
  try {
    await until("the broker responds", () => broker.ping().then(() => true));
    return await broker.queue(chore.name).getJobCountByTypes("waiting", "prioritized");
  } finally {
    await broker.close();
  }
};

it(
  "a relay killed after publishing jobs and before marking them loses none, and none runs twice",
  { timeout: 600_000 },
  async () => {
    await using system = await createSystem();
    await killRelays(system);
    expect(await system.sql(`SELECT DISTINCT state FROM "Job"`, [])).toEqual([{ state: "PENDING" }]);
    expect(await countInBroker(system)).toBe(250);

    await system.startChoreWorker();
    await untilAllFinished(system);
    await expectAllDoneOnce(system);
    expect(await system.sql(`SELECT id FROM "ChoreStarted"`, [])).toHaveLength(250);
  },
);
