import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { v7 as uuidv7 } from "uuid";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { isUnseen } from "../../api/watch/ledger-sql.ts";
import { until } from "../../scripts/processes/until.ts";
import { defineJob, defineWorker, PermanentError } from "../../workers/core/index.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { expectedJobs, shownFacts } from "../support/watch/expected.ts";
import { createWatchServer, type WatchServer } from "../support/watch/server.ts";
import { type Viewer, watch } from "../support/watch/viewer.ts";

// The stream of the live page, from PostgreSQL to the client, through two API processes.

/** Succeeds, is retried, fails or enqueues another one, as its payload says. */
const noise = defineJob({
  name: "noise",
  payload: z.object({ fate: z.number(), order: z.string().optional() }),
  order: ({ order }) => order,
  attempts: 3,
  backoff: { delay: 30, max: 200, jitter: 1 },
});

let core: Core;
let one: WatchServer;
let other: WatchServer;

beforeAll(async () => {
  core = await createCore();
  core.startRelay();
  core.work(
    defineWorker(noise, async ({ fate }, run) => {
      await run.progress(fate);
      if (fate % 7 === 0) throw new PermanentError("never");
      if (fate % 3 === 0 && run.attempt < 3) throw new Error(`not at attempt ${run.attempt}`);
      if (fate % 5 === 0) run.enqueue(noise, { fate: fate + 1 });
      return { fate };
    }),
  );
  [one, other] = await Promise.all([createWatchServer(core), createWatchServer(core)]);
});
afterAll(async () => {
  await one[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});
afterEach(() => core.sql(`TRUNCATE "Job", "JobBatch" CASCADE`, []));

/** Everything that a viewer shows is what the ledger says. */
const expectExact = async (viewer: Viewer) => {
  const rows = await expectedJobs(core.sql);
  for (const job of viewer.jobs.values()) expect(shownFacts(job)).toEqual(rows.get(job.id));
};
const enqueue = (fates: readonly { fate: number; order?: string }[]) =>
  one.watch.jobs.transaction(async (scope) => {
    const ids: string[] = [];
    for (const each of fates) ids.push(await scope.enqueue(noise, each));
    return ids;
  });
const allEnded = () =>
  until("all jobs have ended", async () => {
    const open = `SELECT id FROM "Job" WHERE state IN ('PENDING', 'PUBLISHED', 'WAITING')`;
    return (await core.sql(open, [])).length === 0;
  });
const reads = (server: WatchServer) => server.statements.length;
/** Insertable without a worker that takes it. */
const INSERT = `INSERT INTO "Job" (id, name, payload, state) VALUES ($1, 'quiet', '{}', 'WAITING')`;

test("a job appears when it is committed, and moves until it is done", async () => {
  using viewer = await watch(one.url);
  expect(viewer.received[0]).toMatchObject({ kind: "snapshot", message: { jobs: [], viewers: 1 } });
  expect(viewer.latest.queues?.map(({ name }) => name)).toContain("email");
  const [id = ""] = await enqueue([{ fate: 1 }]);
  await until("it is done", () => viewer.jobs.get(id)?.phase === "done");
  await expectExact(viewer);
});

test("two processes show the same", async () => {
  using first = await watch(one.url);
  using second = await watch(other.url);
  expect(first.latest.server).toBeDefined();
  await enqueue([1, 3, 7, 10, 21].map((fate) => ({ fate })));
  await allEnded();
  await until("both show all", () => [first, second].every(({ jobs }) => jobs.size === 6 && hasEnded(jobs)));
  const shown = ({ jobs }: Viewer) => [...jobs.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  expect(shown(first)).toEqual(shown(second));
  expect(first.latest.dead).toEqual(second.latest.dead);
  expect(first.latest.dead).toMatchObject({ total: 2, capped: false });
  await expectExact(first);
});
const hasEnded = (jobs: Viewer["jobs"]) =>
  [...jobs.values()].every(({ phase }) => ["done", "dead", "cancelled"].includes(phase));

test("what begins early and commits late is shown, after later transactions were", async () => {
  using viewer = await watch(one.url);
  const [changed, early, late] = [uuidv7(), uuidv7(), uuidv7()];
  await core.sql(INSERT, [changed]);
  await until("the first is shown", () => viewer.jobs.has(changed));

  // A connection of its own: those of the pool end an idle transaction after five seconds.
  const slow = new pg.Client(core.url);
  await slow.connect();
  await slow.query("BEGIN");
  await slow.query(INSERT, [early]);
  await slow.query(`UPDATE "Job" SET priority = 5 WHERE id = $1`, [changed]);
  await core.sql(INSERT, [late]);
  await until("the later one is shown", () => viewer.jobs.has(late));
  // At least two reads that begin after the later transaction, and before the commit.
  const before = reads(one);
  await until("more reads", () => reads(one) > before + 2);
  expect(viewer.jobs.has(early)).toBe(false);
  expect(viewer.jobs.get(changed)?.priority).toBe(0);
  await slow.query("COMMIT");
  await slow.end();
  await until(
    "both changes are shown",
    () => viewer.jobs.has(early) && viewer.jobs.get(changed)?.priority === 5,
  );
  await expectExact(viewer);
});

test.each([
  ["1000", "1000:1010:", true],
  ["999", "1000:1010:", false],
  ["1005", "1000:1010:1000", true],
  // The row's id has wrapped around, the snapshot's has not.
  ["5", "4294967290:4294967310:", true],
  ["4294967289", "4294967290:4294967310:", false],
  ["4294967295", "8589934590:8589934599:", true],
  ["3", "8589934590:8589934599:", true],
  ["4294967293", "8589934590:8589934599:", false],
])("a row of transaction %s after the snapshot %s may be unseen: %s", async (xmin, snapshot, expected) => {
  const text = `SELECT ${isUnseen(`'${xmin}'::xid`, `'${snapshot}'`)} AS unseen`;
  expect(await core.sql(text, [])).toEqual([{ unseen: expected }]);
});

test("a stream that is cut at random moments, on either process, is exact at rest", async () => {
  const fates = Array.from({ length: 200 }, (_, index) => index);
  const ids = fates.map((fate) => ({ fate, ...(fate % 4 === 0 && { order: `key ${fate % 3}` }) }));
  using steady = await watch(one.url);
  let restless = await watch(other.url);
  const cutting = new AbortController();
  const cut = async () => {
    while (!cutting.signal.aborted) {
      await sleep(Math.random() * 150);
      restless.cut();
      restless = await watch(Math.random() < 0.5 ? one.url : other.url, followed.slice(-40));
    }
  };
  const followed: string[] = [];
  const cuts = cut();
  while (ids.length > 0) followed.push(...(await enqueue(ids.splice(0, 10))));
  await allEnded();
  cutting.abort();
  await cuts;
  await until("nothing open is shown", () => hasEnded(steady.jobs) && hasEnded(restless.jobs));
  // Another act, so that both have been read after the end.
  const [last = ""] = await enqueue([{ fate: 1 }]);
  await until("the last is shown", () =>
    [steady, restless].every(({ jobs }) => jobs.get(last)?.phase === "done"),
  );
  expect(restless.jobs.size).toBeGreaterThan(40);
  await expectExact(steady);
  await expectExact(restless);
  restless.cut();
});

test("a connection gets a snapshot from a read that began after it", async () => {
  using first = await watch(one.url);
  const id = uuidv7();
  await core.sql(INSERT, [id]);
  using second = await watch(one.url);
  expect(second.received[0]?.kind).toBe("snapshot");
  expect(second.jobs.has(id)).toBe(true);
  await until("the first has it too", () => first.jobs.has(id));
});

test("fifty viewers cost one statement per read, and get the same text", async () => {
  const before = reads(one);
  const viewers = await Promise.all(Array.from({ length: 50 }, () => watch(one.url)));
  await until("all are counted", () => viewers[0]?.latest.viewers === 50);
  const afterConnect = reads(one);
  // They came within milliseconds, so a few reads serve their snapshots.
  expect(afterConnect - before).toBeLessThan(20);
  const ticks = viewers.map((viewer) => viewer.received.length);
  const id = uuidv7();
  await core.sql(INSERT, [id]);
  await until("all show it", () => viewers.every(({ jobs }) => jobs.has(id)));
  const sent = viewers.map((viewer, index) => viewer.received.slice(ticks[index]));
  expect(reads(one) - afterConnect).toBeGreaterThan(0);
  expect(Math.max(...sent.map(({ length }) => length))).toBeLessThanOrEqual(reads(one) - afterConnect);
  expect(new Set(sent.map((each) => JSON.stringify(each.at(-1)))).size).toBe(1);
  for (const viewer of viewers) viewer.cut();
});

test("without viewers nothing is read", async () => {
  using viewer = await watch(one.url);
  viewer.cut();
  using counted = await watch(other.url);
  await until("the first has left", () => !viewer.isOpen);
  await until("reading has stopped", async () => {
    const before = reads(one);
    await counted.next("tick");
    return reads(one) === before;
  });
  const before = reads(one);
  await enqueue([{ fate: 1 }]);
  await allEnded();
  await until("the other shows it", () => counted.jobs.size > 0 && hasEnded(counted.jobs));
  expect(reads(one)).toBe(before);
});

test("the hundred and first viewer is told to come later", async () => {
  const viewers = await Promise.all(Array.from({ length: 100 }, () => watch(one.url)));
  const refused = await fetch(`${one.url}/watch/stream`);
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("5");
  expect(await refused.json()).toMatchObject({ type: "/problems/unavailable" });
  viewers[0]?.cut();
  const next = await until("there is room again", () => watch(one.url));
  for (const viewer of [...viewers, next]) viewer.cut();
});

test("while PostgreSQL cannot be read the stream says so, also to new viewers, then everything is sent anew", async () => {
  using viewer = await watch(one.url);
  const before = viewer.latest.at;
  one.outage = true;
  const stale = await viewer.next("stale");
  expect(stale.since).toBe(stale.at);
  expect(Date.parse(stale.at)).toBeGreaterThanOrEqual(Date.parse(before));
  using late = await watch(one.url);
  expect(late.received[0]).toEqual({ kind: "stale", size: expect.any(Number), message: stale });
  const id = uuidv7();
  await core.sql(INSERT, [id]);
  one.outage = false;
  await until("both have a snapshot", () =>
    [viewer, late].every(({ jobs, received }) => received.at(-1)?.kind !== "stale" && jobs.has(id)),
  );
  expect(viewer.received.filter(({ kind }) => kind === "snapshot")).toHaveLength(2);
  expect(viewer.received.filter(({ kind }) => kind === "stale")).toHaveLength(1);
});

test("time alone changes a phase: a delayed job becomes due, and a retry too", async () => {
  using viewer = await watch(one.url);
  const id = uuidv7();
  // The broker does not know it, so no worker takes it.
  await core.sql(
    `INSERT INTO "Job" (id, name, payload, state, attempt, "dueAt", "readyAt", history)
     SELECT $1::uuid, 'quiet', '{}', 'PUBLISHED', 1, now() + interval '1 hour', at,
            jsonb_build_array(jsonb_build_object('startedAt', now(), 'endedAt', now(), 'by', 'w', 'outcome', 'retry', 'retryAt', at))
     FROM (SELECT now() + interval '2 seconds' AS at) due`,
    [id],
  );
  await until("it waits", () => viewer.jobs.get(id)?.phase === "again");
  const { retryAt } = viewer.jobs.get(id)!;
  expect(viewer.latest.lanes).toContainEqual(expect.objectContaining({ name: "quiet", again: 1, queued: 0 }));
  await until("it is due", () => viewer.jobs.get(id)?.phase === "queued");
  expect(Date.parse(viewer.latest.at)).toBeGreaterThanOrEqual(Date.parse(retryAt ?? ""));
  expect(viewer.jobs.get(id)?.retryAt).toBeNull();
  expect(viewer.latest.lanes).toContainEqual(expect.objectContaining({ name: "quiet", again: 0, queued: 1 }));
});

test("a followed job brings its tree and what it caused, however many jobs are newer", async () => {
  const [root, child, caused] = [uuidv7(), uuidv7(), uuidv7()];
  await core.sql(
    `INSERT INTO "Job" (id, name, payload, state, "rootId", "parentId", "causeId", "finishedAt") VALUES
     ($1, 'quiet', '{}', 'COMPLETED', $1, NULL, NULL, now()), ($2, 'quiet', '{}', 'COMPLETED', $1, $1, NULL, now()),
     ($3, 'quiet', '{}', 'COMPLETED', NULL, NULL, $2, now())`,
    [root, child, caused],
  );
  for (let index = 0; index < 60; index++) await core.sql(INSERT, [uuidv7()]);
  using plain = await watch(one.url);
  expect(plain.jobs.has(root)).toBe(false);
  // From the child as well as from the root.
  for (const id of [root, child]) {
    using viewer = await watch(one.url, [id]);
    expect([root, child, caused].filter((each) => viewer.jobs.has(each))).toHaveLength(3);
    expect(viewer.jobs.get(root)).toMatchObject({ children: 1, openChildren: 0 });
  }
});

test("a waiting parent shows how many of its children are open, though its own row does not change", async () => {
  using viewer = await watch(one.url);
  const [root, child] = [uuidv7(), uuidv7()];
  await core.sql(
    `INSERT INTO "Job" (id, name, payload, state, "rootId", "parentId") VALUES
     ($1, 'quiet', '{}', 'WAITING', $1, NULL), ($2, 'quiet', '{}', 'WAITING', $1, $1)`,
    [root, child],
  );
  await until("it has a child", () => viewer.jobs.get(root)?.openChildren === 1);
  await core.sql(`UPDATE "Job" SET state = 'COMPLETED', "finishedAt" = now() WHERE id = $1::uuid`, [child]);
  await until("the child has ended", () => viewer.jobs.get(root)?.openChildren === 0);
  expect(viewer.jobs.get(root)?.phase).toBe("children");
});

test("a deleted job is gone", async () => {
  using viewer = await watch(one.url);
  const id = uuidv7();
  await core.sql(INSERT, [id]);
  await until("it is shown", () => viewer.jobs.has(id));
  await core.sql(`DELETE FROM "Job" WHERE id = $1::uuid`, [id]);
  const { gone } = await viewer.next("tick", (message) => message.gone !== undefined);
  expect(gone).toEqual([id]);
});

test("of many jobs some are shown, all are counted up to 10,000, and no tick is larger than 64 KB", async () => {
  using viewer = await watch(one.url);
  const insert = (count: number) =>
    core.sql(
      `INSERT INTO "Job" (id, name, payload, state) SELECT gen_random_uuid(), 'quiet', '{}', 'WAITING'
       FROM generate_series(1, $1::int)`,
      [count],
    );
  const laneOf = () => viewer.latest.lanes?.find(({ name }) => name === "quiet");
  await insert(10_000);
  await until("all are counted", () => laneOf()?.children === 10_000);
  expect(laneOf()).toMatchObject({ capped: false });
  await insert(500);
  await until("there are more", () => laneOf()?.capped);
  expect(laneOf()).toMatchObject({ children: 10_001 });
  expect(viewer.jobs.size).toBeGreaterThan(60);
  expect(viewer.jobs.size).toBeLessThan(400);
  const ticks = viewer.received.filter(({ kind }) => kind === "tick");
  expect(Math.max(...ticks.map(({ size }) => size))).toBeLessThan(65_536);
});

test("a viewer that does not read holds one message, gets counts when it reads again, then a snapshot", async () => {
  const root = await insertTree(100);
  using reading = await watch(one.url, [root]);
  const slow = connect(one.port, "127.0.0.1");
  slow.write("GET /watch/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  let text = "";
  slow.on("data", (chunk: Buffer) => void (text += chunk.toString("latin1")));
  await until("it has its snapshot", () => text.includes("event: snapshot"));
  slow.pause();
  // Every tick is large, until more has been sent than the kernel holds.
  const rain = async (isEnough: () => boolean) => {
    while (!isEnough()) {
      // As after an act, so that the next read is near.
      await one.watch.jobs.transaction(async () => {});
      // A column that is not clipped, because core fills it.
      await core.sql(`UPDATE "Job" SET "startedBy" = repeat('x', 30000) || random()`, []);
      await reading.next("tick");
    }
  };
  await rain(() => one.unsent() > 0);
  const unsent = one.unsent();
  const from = reading.received.length;
  await rain(() => reading.received.length > from + 3);
  expect(one.unsent()).toBe(unsent);

  await core.sql(`UPDATE "Job" SET "startedBy" = NULL`, []);
  slow.resume();
  await until("it gets counts", () => text.includes("event: counts"));
  expect(/event: counts\r?\ndata: (.*)/.exec(text)?.[1]).not.toContain('"jobs"');
  await until(
    "it gets a snapshot",
    () => text.lastIndexOf("event: snapshot") > text.indexOf("event: counts"),
  );
  slow.destroy();
});

/** A job with children, none of which a worker takes. Resolves with its id. */
const insertTree = async (children: number): Promise<string> => {
  const root = uuidv7();
  await core.sql(
    `INSERT INTO "Job" (id, name, payload, state, "rootId") VALUES ($1::uuid, 'quiet', '{}', 'WAITING', $1::uuid)`,
    [root],
  );
  await core.sql(
    `INSERT INTO "Job" (id, name, payload, state, "rootId", "parentId")
     SELECT gen_random_uuid(), 'quiet', '{}', 'WAITING', $1::uuid, $1::uuid FROM generate_series(1, $2::int)`,
    [root, children],
  );
  return root;
};
