import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { defineJob, defineWorker } from "../../workers/core/index.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { until } from "../../scripts/processes/until.ts";

const odd = defineJob({ name: "odd", payload: z.object({ returns: z.string() }), attempts: 1 });
const slow = defineJob({ name: "slow", payload: z.object({}), concurrency: 1 });
const next = defineJob({ name: "next", payload: z.object({ number: z.int() }) });

const circular: { self?: object } = {};
circular.self = circular;

let core: Core;
/** Functions that end a running slow job, by its id. */
const releases = new Map<string, () => void>();
beforeAll(async () => {
  core = await createCore();
  core.startRelay();
  core.work(
    defineWorker(odd, async ({ returns }, run) => {
      if (returns === "an invalid follow-up") run.enqueue(next, { number: 0.5 });
      return { "a bigint": 1n, "a circular object": circular }[returns];
    }),
    defineWorker(slow, (_payload, { id }) => new Promise<void>((resolve) => releases.set(id, resolve))),
  );
});
afterAll(() => core[Symbol.asyncDispose]());

test.for(["a bigint", "a circular object", "an invalid follow-up"])(
  "a handler that returns %s fails, and does not block other jobs",
  async (returns) => {
    const [id, neighbour] = await core.jobs.transaction(({ enqueue }) =>
      Promise.all([enqueue(odd, { returns }), enqueue(odd, { returns: "nothing" })]),
    );
    await core.reaches(id, "FAILED");
    await core.reaches(neighbour, "COMPLETED");
  },
);

test("a run that another delivery superseded ends, and frees its slot for the next job", async () => {
  const begin = async () => {
    const id = await core.jobs.transaction(({ enqueue }) => enqueue(slow, {}));
    await until("the job runs", () => releases.has(id));
    return id;
  };
  const id = await begin();
  await core.sql(`UPDATE "Job" SET state = 'COMPLETED', result = '"faster"' WHERE id = $1::uuid`, [id]);
  releases.get(id)?.();
  const following = await begin();
  releases.get(following)?.();
  await core.reaches(following, "COMPLETED");
  expect(await core.row(id)).toMatchObject({ result: "faster" });
});
