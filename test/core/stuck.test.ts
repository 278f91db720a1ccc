import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { until } from "../../scripts/processes/until.ts";
import { defineJob, defineWorker, pauseQueue, resumeQueue, type Broker } from "../../workers/core/index.ts";
import type { BrokerConsumer } from "../../workers/core/pause.ts";
import { startWorkers } from "../../workers/core/worker.ts";
import { type Core, createCore } from "../support/core/core.ts";

const chore = defineJob({ name: "chore", payload: z.object({}), concurrency: 1 });
const AFTER = 400;

let core: Core;
beforeEach(async () => {
  core = await createCore();
});
afterEach(() => core[Symbol.asyncDispose]());

const enqueue = () => core.jobs.transaction((scope) => scope.enqueue(chore, {}));

/** Workers whose consumer the test can reach. */
const startReachable = (handler: () => Promise<void>) => {
  const consumers: BrokerConsumer[] = [];
  const found: string[] = [];
  const broker: Broker = {
    ...core.broker,
    worker: (...args) => {
      const consumer = core.broker.worker(...args);
      consumers.push(consumer);
      return consumer;
    },
  };
  const workers = startWorkers({
    ...{ database: core.database.jobs, broker, log: core.log, observe: () => {}, nudge: () => {} },
    workers: [defineWorker(chore, handler)],
    stuckAfter: AFTER,
    onStuck: (queue) => found.push(queue),
  });
  return { workers, found, consumers };
};

test("finds a consumer that takes no job although one waits", async () => {
  core.startRelay();
  const { workers, found, consumers } = startReachable(async () => {});
  await core.reaches(await enqueue(), "COMPLETED");
  expect(workers.stuck()).toEqual([]);
  await consumers[0]!.pause(true); // as after an error of the broker's client: nothing of ours has paused it
  // A pause does not end a fetch, which may take one of them and give it back, to be fetched in a moment.
  await enqueue();
  await enqueue();
  await until("it is found", () => Promise.resolve(found.length > 0));
  expect(found).toEqual(["chore"]);
  expect(workers.stuck()).toEqual(["chore"]);
  expect(core.logged).toContainEqual(
    expect.objectContaining({ message: "the consumer takes no job although some wait" }),
  );
  await workers.close(0);
});

test("takes no consumer for stuck that is idle, busy, paused or limited", async () => {
  core.startRelay();
  const released = Promise.withResolvers<void>();
  const { workers, found } = startReachable(() => released.promise);
  const checked = async () => {
    const end = performance.now() + 3 * AFTER;
    await until("some checks have passed", async () => performance.now() > end);
    expect(found).toEqual([]);
  };
  await checked(); // idle
  const first = await enqueue();
  await until("it runs", async () => (await core.row(first)).startedAt !== null);
  const second = await enqueue();
  await checked(); // its only slot is in use
  await pauseQueue(core.sql, "chore", "test");
  await until("the process knows", async () =>
    core.logged.some(({ message }) => message === "paused queues"),
  );
  released.resolve();
  await core.reaches(first, "COMPLETED");
  await checked(); // paused by an operator
  expect((await core.row(second)).startedAt).toBeNull();
  await core.broker.queue("chore").rateLimit(60_000);
  await resumeQueue(core.sql, "chore");
  await checked(); // the provider asked for a pause
  await workers.close(0);
});
