import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { node, prepareFlow } from "../../workers/core/index.ts";
import { expectAllDoneOnce, untilAllFinished } from "../support/chaos/checks.ts";
import { chore } from "../../scripts/chaos/jobs.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { emptyBroker } from "../../scripts/chaos/empty-broker.ts";
import { until } from "../../scripts/processes/until.ts";

const FLOWS = 100;
const JOBS = 9;

const leaf = (ms: number) => node(chore, { ms }, { onFailure: "fail-parent" });

/** Similar to the flows of a video: parallel renditions and their package, a poster and its sizes, subtitles. */
const flow = () =>
  node(
    chore,
    {},
    {
      children: [
        node(chore, {}, { onFailure: "fail-parent", children: [leaf(400), leaf(200), leaf(100), leaf(50)] }),
        node(chore, {}, { onFailure: "fail-parent", children: [leaf(100)] }),
        node(chore, { ms: 300, fails: 1 }, { onFailure: "continue" }),
      ],
    },
  );

const untilDone = ({ sql }: System, count: number) =>
  until(`${count} jobs are done`, async () => (await sql(`SELECT FROM "ChoreDone"`, [])).length >= count);

it("flows complete in order despite kills and an emptied broker", { timeout: 600_000 }, async () => {
  await using system = await createSystem();
  const env = { LOCK_DURATION: "4000" };
  const workers = [await system.startChoreWorker(env), await system.startChoreWorker(env)];
  for (let count = 0; count < FLOWS; count += 1) await prepareFlow(flow())(system.sql);

  for (const part of [0.1, 0.3, 0.5, 0.7]) {
    await untilDone(system, part * FLOWS * JOBS);
    await workers.shift()?.kill();
    if (part === 0.3) await emptyBroker(system);
    workers.push(await system.startChoreWorker(env));
    await sleep(200); // so that the new worker has started jobs before the next kill
  }
  await untilAllFinished(system);
  await expectAllDoneOnce(system);
  expect(await system.sql(`SELECT id FROM "Job"`, [])).toHaveLength(FLOWS * JOBS);
  const tooEarly = await system.sql(
    `SELECT c.id FROM "Job" c JOIN "ChoreDone" d ON d.id = c.id JOIN "ChoreStarted" s ON s.id = c."parentId"
     WHERE s.at < d.at`,
    [],
  );
  expect(tooEarly).toEqual([]);
});
