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
  type Run,
} from "../../workers/core/index.ts";
import { advanceOrder, stoppedKeys } from "../../workers/core/ledger/order.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { until } from "../../scripts/processes/until.ts";

const payload = z.object({ key: z.string(), name: z.string() });
// One job for all tests. Its handler calls the function in `works` that the payload names.
const step = defineJob({
  name: "step",
  payload,
  order: ({ key }) => key,
  attempts: 3,
  backoff: { delay: 50, max: 50, jitter: 0 },
  concurrency: 20,
});
const free = defineJob({ name: "free", payload: z.object({ name: z.string() }) });
const works = new Map<string, (run: Run<Tx>) => Promise<unknown>>();

let core: Core;
/** "name" at each start, "/name" at each end. */
const events: string[] = [];
beforeAll(async () => {
  core = await createCore();
  core.startRelay();
  const work = async ({ name }: { name: string }, run: Run<Tx>) => {
    events.push(name);
    try {
      return await works.get(name)?.(run);
    } finally {
      events.push(`/${name}`);
    }
  };
  // Two workers, which stand for two processes.
  core.work(defineWorker(step, work), defineWorker(free, work));
  core.work(defineWorker(step, work));
});
afterAll(() => core[Symbol.asyncDispose]());

const add = (key: string, name: string, options?: { delay?: number }) =>
  core.jobs.transaction(({ enqueue }) => enqueue(step, { key, name }, options));
const of = (...names: string[]) => events.filter((event) => names.includes(event.replace("/", "")));
const gate = () => Promise.withResolvers<void>();
const hold = (name: string) => {
  const { promise, resolve } = gate();
  works.set(name, () => promise);
  return resolve;
};
const started = (name: string) => until(`${name} has started`, async () => events.includes(name));
const stateOf = async (id: string) => (await core.row(id)).state;

test("jobs with one key run one at a time, in the order of their commits", async () => {
  const names = Array.from({ length: 30 }, (_, index) => `a${index}`);
  const ids: string[] = [];
  for (const name of names) ids.push(await add("a", name));
  await core.reaches(ids.at(-1) ?? "", "COMPLETED");
  expect(of(...names)).toEqual(names.flatMap((name) => [name, `/${name}`]));
});

test("other keys, and jobs without a key, run meanwhile", async () => {
  const release = hold("b1");
  const first = await add("b", "b1");
  await started("b1");
  const second = await add("b", "b2");
  await core.reaches(await add("c", "c1"), "COMPLETED");
  const other = await core.jobs.transaction(({ enqueue }) => enqueue(free, { name: "free" }));
  await core.reaches(other, "COMPLETED");
  expect([await stateOf(first), await stateOf(second)]).toEqual(["PUBLISHED", "WAITING"]);
  release();
  await core.reaches(second, "COMPLETED");
});

test("a retry blocks its key", async () => {
  let tries = 0;
  works.set("d1", async () => {
    if (++tries < 3) throw new Error("not yet");
  });
  await core.jobs.transaction(async ({ enqueue }) => {
    await enqueue(step, { key: "d", name: "d1" });
    await enqueue(step, { key: "d", name: "d2" });
  });
  await until("d2 has ended", async () => events.includes("/d2"));
  expect(of("d1", "d2")).toEqual(["d1", "/d1", "d1", "/d1", "d1", "/d1", "d2", "/d2"]);
});

test("a delay blocks its key", async () => {
  const first = await add("e", "e1", { delay: 400 });
  const second = await add("e", "e2");
  await core.reaches(second, "COMPLETED");
  expect(of("e1", "e2")).toEqual(["e1", "/e1", "e2", "/e2"]);
  expect(await stateOf(first)).toBe("COMPLETED");
});

test("the dead letter lets its key go on, and a replay runs before what waits, but never at the same time", async () => {
  works.set("f1", () => Promise.reject(new PermanentError("broken")));
  const first = await add("f", "f1");
  const release = hold("f2");
  const second = await add("f", "f2");
  const third = await add("f", "f3");
  await started("f2");
  expect(await stateOf(first)).toBe("FAILED");

  works.delete("f1");
  expect(await core.jobs.transaction(({ sql }) => replayJobs(sql, [first]))).toEqual([{ id: first }]);
  expect([await stateOf(first), await stateOf(third)]).toEqual(["WAITING", "WAITING"]);
  release();
  await core.reaches(third, "COMPLETED");
  expect(of("f1", "f2", "f3")).toEqual(["f1", "/f1", "f2", "/f2", "f1", "/f1", "f3", "/f3"]);
  expect(await stateOf(second)).toBe("COMPLETED");
});

test("a cancelled job lets its key go on", async () => {
  const first = await add("g", "g1", { delay: 3_600_000 });
  const second = await add("g", "g2");
  const third = await add("g", "g3", { delay: 3_600_000 });
  expect(await stateOf(second)).toBe("WAITING");
  await core.jobs.transaction(({ sql }) => cancelJobs(sql, [first]));
  await core.reaches(second, "COMPLETED");
  expect(of("g1", "g2", "g3")).toEqual(["g2", "/g2"]);
  expect(await stateOf(third)).toBe("PENDING");
});

test("concurrent transactions run in the order in which they commit", async () => {
  const { promise: mayCommit, resolve: commit } = gate();
  const { promise: enqueued, resolve: hasEnqueued } = gate();
  const early = core.jobs.transaction(async ({ enqueue }) => {
    await enqueue(step, { key: "h", name: "h1" });
    hasEnqueued();
    await mayCommit;
  });
  await enqueued;
  const late = add("h", "h2"); // waits for the transaction above
  await until("the second transaction waits", async () => {
    const text = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    return (await core.sql(text, [])).length === 1;
  });
  commit();
  await early;
  await core.reaches(await late, "COMPLETED");
  expect(of("h1", "h2")).toEqual(["h1", "/h1", "h2", "/h2"]);
});

test("a transaction that is rolled back leaves no gap", async () => {
  const rolledBack = core.jobs.transaction(async ({ enqueue }) => {
    await enqueue(step, { key: "i", name: "i1" });
    throw new Error("no");
  });
  await expect(rolledBack).rejects.toThrow("no");
  await core.reaches(await add("i", "i2"), "COMPLETED");
});

test("many at once, in a batch, keep their order within each key", async () => {
  const items = Array.from({ length: 60 }, (_, index) => ({
    payload: { key: `j${index % 3}`, name: `j${index % 3}-${index}` },
  }));
  const batch = { id: "019abcde-0000-7000-8000-000000000001", name: "ordered" };
  await core.jobs.transaction(({ enqueueMany }) => enqueueMany(step, items, { batch }));
  const names = items.map((item) => item.payload.name);
  await until("all have ended", async () => of(...names).length === 120);
  for (const key of ["j0", "j1", "j2"]) {
    const ofKey = names.filter((name) => name.startsWith(key));
    expect(of(...ofKey)).toEqual(ofKey.flatMap((name) => [name, `/${name}`]));
  }
});

test("a follow-up with the key of its job runs after it", async () => {
  works.set("k1", async (run) => run.enqueue(step, { key: "k", name: "k2" }));
  await add("k", "k1");
  await until("k2 has ended", async () => events.includes("/k2"));
  expect(of("k1", "k2")).toEqual(["k1", "/k1", "k2", "/k2"]);
});

test("20 enqueues, completions and cancellations of one key at a time end without a deadlock", async () => {
  const ids = await Promise.all(Array.from({ length: 60 }, (_, index) => add("l", `l${index}`)));
  await Promise.all([
    ...ids.slice(0, 30).map((id) => core.jobs.transaction(({ sql }) => cancelJobs(sql, [id]))),
    ...Array.from({ length: 20 }, (_, index) => add("l", `m${index}`)),
  ]);
  await until("none waits", async () => {
    const text = `SELECT FROM "Job" WHERE "orderKey" = 'l' AND state NOT IN ('COMPLETED', 'CANCELLED')`;
    return (await core.sql(text, [])).length === 0;
  });
});

test("transactions that take several keys in their order wait for each other without a deadlock", async () => {
  // The order of the numbers by which keys are locked is another one.
  const keys = Array.from({ length: 20 }, (_, index) => `r${String(index).padStart(2, "0")}`);
  const one = () =>
    core.jobs.transaction(async ({ enqueue }) => {
      for (const key of keys) await enqueue(step, { key, name: key });
    });
  const many = () =>
    core.jobs.transaction(({ enqueueMany }) =>
      enqueueMany(
        step,
        keys.toReversed().map((key) => ({ payload: { key, name: key } })),
      ),
    );
  await Promise.all([one(), many(), one(), many(), one(), many(), one(), many()]);
  await until("all have ended", async () => {
    const text = `SELECT FROM "Job" WHERE "orderKey" LIKE 'r%' AND state <> 'COMPLETED'`;
    return (await core.sql(text, [])).length === 0;
  });
});

test("a key whose job failed without a worker is found and goes on", async () => {
  const release = hold("n1");
  const first = await add("n", "n1");
  await started("n1");
  const second = await add("n", "n2");
  // As the relay does after ten refusals.
  await core.sql(`UPDATE "Job" SET state = 'FAILED', "finishedAt" = now() WHERE id = $1::uuid`, [first]);
  const stopped = await stoppedKeys(core.sql);
  expect(stopped).toEqual([{ name: "step", orderKey: "n" }]);
  await core.jobs.transaction(({ sql }) => advanceOrder(sql, "step", "n"));
  await core.reaches(second, "COMPLETED");
  expect(await stoppedKeys(core.sql)).toEqual([]);
  release();
});

test("the database refuses a second active job of a key", async () => {
  const insert = `INSERT INTO "Job" (id, name, payload, "orderKey") VALUES (gen_random_uuid(), 'other', '{}', 'o')`;
  await core.sql(insert, []);
  await expect(core.sql(insert, [])).rejects.toThrow("Job_order_active_key");
});

test("a job with children cannot have an ordering key", async () => {
  const child = node(free, { name: "child" }, { onFailure: "fail-parent" });
  const flow = node(step, { key: "p", name: "p1" }, { children: [child] });
  await expect(core.jobs.transaction(({ enqueueFlow }) => enqueueFlow(flow))).rejects.toThrow(TypeError);
});

test("a child may have one, and its parent waits for it", async () => {
  const release = hold("q1");
  await add("q", "q1");
  await started("q1");
  const child = node(step, { key: "q", name: "q2" }, { onFailure: "fail-parent" });
  const flow = node(free, { name: "q3" }, { children: [child] });
  const id = await core.jobs.transaction(({ enqueueFlow }) => enqueueFlow(flow));
  release();
  await core.reaches(id, "COMPLETED");
  expect(of("q1", "q2", "q3")).toEqual(["q1", "/q1", "q2", "/q2", "q3", "/q3"]);
});
