import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { Tx } from "../../infra/database.ts";
import {
  cancelJobs,
  defineJob,
  defineWorker,
  node,
  PermanentError,
  replayJobs,
  type FlowNode,
  type Run,
} from "../../workers/core/index.ts";
import { type OnFailure } from "../../workers/core/job.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { until } from "../../scripts/processes/until.ts";

// One job for all tests. Its handler calls the function in `works` that the payload names, or returns the name.
const part = defineJob({ name: "part", payload: z.object({ name: z.string() }), concurrency: 20 });
const once = defineJob({ name: "once", payload: z.object({ name: z.string() }), key: ({ name }) => name });
const works = new Map<string, (run: Run<Tx>) => Promise<unknown>>();

let core: Core;
const order: string[] = [];
beforeAll(async () => {
  core = await createCore();
  core.startRelay();
  const work = async ({ name }: { name: string }, run: Run<Tx>) => {
    order.push(name);
    return works.has(name) ? works.get(name)?.(run) : name;
  };
  core.work(defineWorker(part, work), defineWorker(once, work));
});
afterAll(() => core[Symbol.asyncDispose]());

const leaf = (name: string, onFailure: OnFailure = "fail-parent") => node(part, { name }, { onFailure });
const start = (root: FlowNode) => core.jobs.transaction(({ enqueueFlow }) => enqueueFlow(root));
const fail = (name: string) =>
  works.set(name, async () => {
    throw new PermanentError(`${name} cannot be done`);
  });
const fix = (name: string) => works.delete(name);

const idOf = async (name: string): Promise<string> => {
  const [row] = await core.sql<{ id: string }>(`SELECT id FROM "Job" WHERE payload->>'name' = $1`, [name]);
  return row?.id ?? `no job ${name}`;
};
const states = async (rootId: string) => {
  const rows = await core.sql<{ name: string; state: string }>(
    `SELECT payload->>'name' AS name, state FROM "Job" WHERE "rootId" = $1::uuid`,
    [rootId],
  );
  return Object.fromEntries(rows.map(({ name, state }) => [name, state]));
};

test("children come before their parents, which read their results", async () => {
  works.set("film", (run) => run.children());
  const id = await start(
    node(
      part,
      { name: "film" },
      {
        children: [
          node(
            part,
            { name: "cut" },
            { onFailure: "fail-parent", children: [leaf("take 1"), leaf("take 2")] },
          ),
          leaf("music"),
        ],
      },
    ),
  );
  const { result } = await core.reaches(id, "COMPLETED");
  expect(result).toMatchObject([
    { name: "part", payload: { name: "cut" }, state: "COMPLETED", result: "cut", error: null },
    { payload: { name: "music" }, state: "COMPLETED", result: "music" },
  ]);
  const before = (first: string, second: string) => order.indexOf(first) < order.indexOf(second);
  expect(before("take 1", "cut") && before("take 2", "cut") && before("cut", "film")).toBe(true);
});

test("a parent starts once, even if its children end at the same time", async () => {
  const ids = await Promise.all(
    Array.from({ length: 10 }, (_, flow) =>
      start(
        node(
          part,
          { name: `fan-in ${flow}` },
          {
            children: Array.from({ length: 20 }, (_child, index) => leaf(`${flow}/${index}`)),
          },
        ),
      ),
    ),
  );
  for (const id of ids) await core.reaches(id, "COMPLETED");
  expect(order.filter((name) => name.startsWith("fan-in"))).toHaveLength(10);
});

test("a failure propagates up to a parent that continues without it", async () => {
  fail("broken wheel");
  works.set("journey", (run) => run.children());
  const id = await start(
    node(
      part,
      { name: "journey" },
      {
        children: [
          node(
            part,
            { name: "car" },
            { onFailure: "continue", children: [leaf("broken wheel"), leaf("engine")] },
          ),
        ],
      },
    ),
  );
  const { result } = await core.reaches(id, "COMPLETED");
  const error = "its child part failed: PermanentError: broken wheel cannot be done";
  expect(result).toMatchObject([{ payload: { name: "car" }, state: "FAILED", error }]);
  expect(order).not.toContain("car");
});

test("replaying a child also replays the parents that it failed, and the failed siblings that they require", async () => {
  for (const name of ["left", "right"]) fail(name);
  const id = await start(
    node(
      part,
      { name: "house" },
      {
        children: [
          node(part, { name: "roof" }, { onFailure: "fail-parent", children: [leaf("left"), leaf("right")] }),
        ],
      },
    ),
  );
  await core.reaches(id, "FAILED");
  await core.reaches(await idOf("right"), "FAILED");
  await core.reaches(await idOf("left"), "FAILED");

  for (const name of ["left", "right"]) fix(name);
  expect(await replayJobs(core.sql, [await idOf("left")])).toHaveLength(4);
  await core.reaches(id, "COMPLETED");
  expect(new Set(Object.values(await states(id)))).toEqual(new Set(["COMPLETED"]));
});

test("replaying a root also replays the failed children that it requires", async () => {
  fail("yeast");
  const id = await start(node(part, { name: "bread" }, { children: [leaf("yeast"), leaf("flour")] }));
  await core.reaches(id, "FAILED");
  await core.reaches(await idOf("flour"), "COMPLETED");
  fix("yeast");
  expect(await replayJobs(core.sql, [id])).toHaveLength(2);
  await core.reaches(id, "COMPLETED");
  expect(order.filter((name) => name === "flour")).toHaveLength(1);
});

test("replaying a root also replays a child that was cancelled while the flow failed", async () => {
  const rootId = await start(
    node(part, { name: "raced" }, { children: [leaf("failing"), leaf("cancelled")] }),
  );
  await until("the flow is done", async () => (await states(rootId))["raced"] === "COMPLETED");
  const end = (name: string, state: string) =>
    core.sql(`UPDATE "Job" SET state = $2::"JobState" WHERE payload->>'name' = $1`, [name, state]);
  await end("failing", "FAILED");
  await end("cancelled", "CANCELLED");
  await end("raced", "FAILED");
  expect(await replayJobs(core.sql, [rootId])).toHaveLength(3);
  await core.reaches(rootId, "COMPLETED");
  expect(await states(rootId)).toEqual({ raced: "COMPLETED", failing: "COMPLETED", cancelled: "COMPLETED" });
});

test("a child that its parent continued without is replayed alone", async () => {
  fail("subtitles");
  const id = await start(node(part, { name: "video" }, { children: [leaf("subtitles", "continue")] }));
  await core.reaches(id, "COMPLETED");
  fix("subtitles");
  expect(await replayJobs(core.sql, [await idOf("subtitles")])).toHaveLength(1);
  await core.reaches(await idOf("subtitles"), "COMPLETED");
  expect(order.filter((name) => name === "video")).toHaveLength(1);
});

test("a flow can be a follow-up, which is inserted when the job completes", async () => {
  works.set("first", async (run) =>
    run.enqueueFlow(node(part, { name: "second" }, { children: [leaf("its child")] })),
  );
  await core.jobs.transaction(({ enqueue }) => enqueue(part, { name: "first" }));
  await until("the second flow is done", async () => order.includes("second"));
});

test("a rolled back transaction leaves no part of a flow", async () => {
  const begun = core.jobs.transaction(async ({ enqueueFlow }) => {
    await enqueueFlow(node(part, { name: "never" }, { children: [leaf("nor this")] }));
    throw new Error("rolled back");
  });
  await expect(begun).rejects.toThrow("rolled back");
  expect(await idOf("never")).toBe("no job never");
});

test("enqueueing a root twice with one idempotency key creates one flow, and a child cannot have a key", async () => {
  const flow = node(once, { name: "daily" }, { children: [leaf("daily child")] });
  const id = await start(flow);
  expect(await start(flow)).toBe(id);
  expect(await states(id)).toHaveProperty("daily child");
  expect(await core.sql(`SELECT FROM "Job" WHERE payload->>'name' = 'daily child'`, [])).toHaveLength(1);
  const child = node(once, { name: "child" }, { onFailure: "continue" });
  expect(() => node(part, { name: "parent" }, { children: [child] })).toThrow(TypeError);
});

test("cancelling a root cancels the whole flow, and a child cannot be cancelled alone", async () => {
  const later = node(part, { name: "later" }, { onFailure: "fail-parent", delay: 60_000 });
  const id = await start(node(part, { name: "plan" }, { children: [later] }));
  expect(await cancelJobs(core.sql, [await idOf("later")])).toEqual([]);
  expect(await cancelJobs(core.sql, [id])).toHaveLength(2);
  expect(await states(id)).toEqual({ plan: "CANCELLED", later: "CANCELLED" });
});
