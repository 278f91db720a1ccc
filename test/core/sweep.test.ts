import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { defineJob, defineWorker, node, startCore } from "../../workers/core/index.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { until } from "../../scripts/processes/until.ts";

const note = defineJob({ name: "note", payload: z.object({}) });

let core: Core;
let background: { close(grace: number): Promise<void> };
beforeAll(async () => {
  core = await createCore();
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  background = startCore({ database: core.database.jobs, broker: core.broker, log, workers: [] });
  await until("the first sweep", () => core.broker.marks.isSet("whole"));
});
afterAll(async () => {
  await background.close(0);
  await core[Symbol.asyncDispose]();
});

const published = async (): Promise<string> => {
  const id = await core.jobs.transaction(({ enqueue }) => enqueue(note, {}));
  await core.reaches(id, "PUBLISHED");
  return id;
};

const loseInBroker = async (id: string): Promise<void> => {
  const job = await core.broker.queue("note").getJob(`${id}-1`);
  await job?.remove();
  await core.sql(`UPDATE "Job" SET "dueAt" = now() WHERE id = $1::uuid`, [id]);
};

const workerSeen = (secondsAgo: number) =>
  core.sql(`INSERT INTO "JobWorker" (id, "seenAt") VALUES ($1, now() - $2::int * interval '1 second')`, [
    `seen-${secondsAgo}`,
    secondsAgo,
  ]);

const runningOn = (id: string, worker: string) =>
  core.sql(`UPDATE "Job" SET "startedAt" = now(), "startedBy" = $2 WHERE id = $1::uuid`, [id, worker]);

test("a job that the broker lost is published again, one epoch higher", async () => {
  const id = await published();
  await loseInBroker(id);
  await until("the next epoch", async () => (await core.row(id)).epoch === 2);
  await core.reaches(id, "PUBLISHED");
});

test("a job that the broker has is left alone, and asked about again later", async () => {
  const id = await published();
  await core.sql(`UPDATE "Job" SET "dueAt" = now() WHERE id = $1::uuid`, [id]);
  const later = `SELECT 1 FROM "Job" WHERE id = $1::uuid AND "dueAt" > now() + interval '50 seconds'`;
  await until("its turn", async () => (await core.sql(later, [id])).length === 1);
  expect(await core.row(id)).toMatchObject({ epoch: 1, state: "PUBLISHED" });
});

test("a lost job is left to its worker while the worker lives, and not when it is dead", async () => {
  const [alive, dead] = [await published(), await published()];
  await workerSeen(0);
  await workerSeen(60);
  await runningOn(alive, "seen-0");
  await runningOn(dead, "seen-60");
  await Promise.all([alive, dead].map(loseInBroker));
  await until("the dead worker's job", async () => (await core.row(dead)).epoch === 2);
  expect(await core.row(dead)).toMatchObject({
    crashes: 1,
    history: [{ outcome: "crashed", by: "seen-60", startedAt: expect.any(String) }],
  });
  expect(await core.row(alive)).toMatchObject({ epoch: 1, state: "PUBLISHED" });
});

test("finished jobs are pruned by age, and younger ones kept", async () => {
  const old = `INSERT INTO "Job" (id, name, payload, state, "finishedAt", "createdAt")
    VALUES ('01800000-0000-7000-8000-00000000000' || $1::text)::uuid, 'note', '{}', $2::"JobState", now() - $3::int * interval '1 day', now())`;
  const insert = (digit: string, state: string, days: number) =>
    core.sql(old.replace("VALUES (", "VALUES (("), [digit, state, days]);
  await insert("1", "COMPLETED", 8);
  await insert("2", "COMPLETED", 6);
  await insert("3", "FAILED", 8);
  await insert("4", "FAILED", 31);
  await core.sql(`DELETE FROM "JobLease"`, []);
  const left = () =>
    core.sql<{ id: string }>(`SELECT id FROM "Job" WHERE id < '01900000-0000-7000-8000-000000000000'`, []);
  await until("the pruning", async () => (await left()).length === 2);
  expect((await left()).map(({ id }) => id.at(-1)).toSorted()).toEqual(["2", "3"]);
});

test("a flow is pruned as a whole, and not before all of it is over", async () => {
  const place = `INSERT INTO "Job" (id, name, payload, "rootId", "parentId", "onFailure", state, "finishedAt") VALUES
    ($1::uuid, 'note', '{}', $1::uuid, NULL, NULL, 'COMPLETED', now() - interval '8 days'),
    ($2::uuid, 'note', '{}', $1::uuid, $1::uuid, 'continue', $3::"JobState", now() - interval '8 days')`;
  const ids = [1, 2, 3, 4].map((number) => `01700000-0000-7000-8000-00000000000${number}`);
  await core.sql(place, [ids[0], ids[1], "COMPLETED"]);
  await core.sql(place, [ids[2], ids[3], "FAILED"]);
  await core.sql(`DELETE FROM "JobLease"`, []);
  const left = () =>
    core.sql<{ id: string }>(`SELECT id FROM "Job" WHERE id = ANY ($1::uuid[]) ORDER BY id`, [ids]);
  await until("the pruning", async () => (await left()).length < 4);
  expect((await left()).map(({ id }) => id)).toEqual(ids.slice(2));
});

test("a failed root stays as long as a child that outlived it", async () => {
  const place = `INSERT INTO "Job" (id, name, payload, "rootId", "parentId", "onFailure", state, "finishedAt", "dueAt") VALUES
    ($1::uuid, 'note', '{}', $1::uuid, NULL, NULL, 'FAILED', now() - interval '31 days', now()),
    ($2::uuid, 'note', '{}', $1::uuid, $1::uuid, 'continue', 'PENDING', NULL, now() + interval '1 day')`;
  const ids = [1, 2, 3].map((number) => `01600000-0000-7000-8000-00000000000${number}`);
  await core.sql(place, ids.slice(0, 2));
  const alone = `INSERT INTO "Job" (id, name, payload, state, "finishedAt")
    VALUES ($1::uuid, 'note', '{}', 'FAILED', now() - interval '31 days')`;
  await core.sql(alone, ids.slice(2));
  await core.sql(`DELETE FROM "JobLease"`, []);
  const left = () =>
    core.sql<{ id: string }>(`SELECT id FROM "Job" WHERE id = ANY ($1::uuid[]) ORDER BY id`, [ids]);
  await until("the pruning", async () => (await left()).length < 3);
  expect((await left()).map(({ id }) => id)).toEqual(ids.slice(0, 2));
});

test("a parent whose child was parked unpublished fails with it", async () => {
  const id = await core.jobs.transaction(({ enqueueFlow }) =>
    enqueueFlow(node(note, {}, { children: [node(note, {}, { onFailure: "fail-parent", delay: 60_000 })] })),
  );
  await core.sql(`UPDATE "Job" SET state = 'FAILED', error = 'refused' WHERE "parentId" = $1::uuid`, [id]);
  await core.sql(`DELETE FROM "JobLease"`, []);
  expect((await core.reaches(id, "FAILED")).error).toBe("its child note failed: refused");
});

test("what was swept back is done", async () => {
  const id = await published();
  await loseInBroker(id);
  core.work(defineWorker(note, async () => "done"));
  expect(await core.reaches(id, "COMPLETED")).toMatchObject({ epoch: 2 });
});
