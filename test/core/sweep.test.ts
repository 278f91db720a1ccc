import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
  await until("the first sweep is done", () => core.broker.marks.isSet("whole"));
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

const insertWorker = (secondsAgo: number) =>
  core.sql(`INSERT INTO "JobWorker" (id, "seenAt") VALUES ($1, now() - $2::int * interval '1 second')`, [
    `seen-${secondsAgo}`,
    secondsAgo,
  ]);

const markAsRunningOn = (id: string, worker: string) =>
  core.sql(`UPDATE "Job" SET "startedAt" = now(), "startedBy" = $2 WHERE id = $1::uuid`, [id, worker]);

// They all wait for the next sweep, and share it. Each looks at rows of its own.
describe.concurrent("at a sweep,", () => {
  test("a job that the broker lost is published again with the next epoch", async () => {
    const id = await published();
    await loseInBroker(id);
    await until("the next epoch", async () => (await core.row(id)).epoch === 2);
    await core.reaches(id, "PUBLISHED");
  });

  test("a job that the broker has is left alone, and checked again later", async () => {
    const id = await published();
    await core.sql(`UPDATE "Job" SET "dueAt" = now() WHERE id = $1::uuid`, [id]);
    const later = `SELECT 1 FROM "Job" WHERE id = $1::uuid AND "dueAt" > now() + interval '50 seconds'`;
    await until("the next check is scheduled", async () => (await core.sql(later, [id])).length === 1);
    expect(await core.row(id)).toMatchObject({ epoch: 1, state: "PUBLISHED" });
  });

  test("a lost job is left to a live worker, and published again if its worker is dead", async () => {
    const [alive, dead] = [await published(), await published()];
    await insertWorker(0);
    await insertWorker(60);
    await markAsRunningOn(alive, "seen-0");
    await markAsRunningOn(dead, "seen-60");
    await Promise.all([alive, dead].map(loseInBroker));
    await until(
      "the job of the dead worker is published again",
      async () => (await core.row(dead)).epoch === 2,
    );
    expect(await core.row(dead)).toMatchObject({
      crashes: 1,
      history: [{ outcome: "crashed", by: "seen-60", startedAt: expect.any(String) }],
    });
    expect(await core.row(alive)).toMatchObject({ epoch: 1, state: "PUBLISHED" });
  });

  test("old finished jobs are pruned, and newer ones are kept", async () => {
    const old = `INSERT INTO "Job" (id, name, payload, state, "finishedAt", "createdAt")
      VALUES ('01800000-0000-7000-8000-00000000000' || $1::text)::uuid, 'note', '{}', $2::"JobState", now() - $3::int * interval '1 day', now())`;
    const insert = (digit: string, state: string, days: number) =>
      core.sql(old.replace("VALUES (", "VALUES (("), [digit, state, days]);
    await insert("1", "COMPLETED", 8);
    await insert("2", "COMPLETED", 6);
    await insert("3", "FAILED", 8);
    await insert("4", "FAILED", 31);
    await core.sql(`DELETE FROM "JobLease"`, []);
    const remaining = () =>
      core.sql<{ id: string }>(`SELECT id FROM "Job" WHERE id::text LIKE '01800000%'`, []);
    await until("old jobs are pruned", async () => (await remaining()).length === 2);
    expect((await remaining()).map(({ id }) => id.at(-1)).toSorted()).toEqual(["2", "3"]);
  });

  test("a flow is pruned as a whole, when all its jobs can be pruned", async () => {
    const insertFlow = `INSERT INTO "Job" (id, name, payload, "rootId", "parentId", "onFailure", state, "finishedAt") VALUES
      ($1::uuid, 'note', '{}', $1::uuid, NULL, NULL, 'COMPLETED', now() - interval '8 days'),
      ($2::uuid, 'note', '{}', $1::uuid, $1::uuid, 'continue', $3::"JobState", now() - interval '8 days')`;
    const ids = [1, 2, 3, 4].map((number) => `01700000-0000-7000-8000-00000000000${number}`);
    await core.sql(insertFlow, [ids[0], ids[1], "COMPLETED"]);
    await core.sql(insertFlow, [ids[2], ids[3], "FAILED"]);
    await core.sql(`DELETE FROM "JobLease"`, []);
    const remaining = () =>
      core.sql<{ id: string }>(`SELECT id FROM "Job" WHERE id = ANY ($1::uuid[]) ORDER BY id`, [ids]);
    await until("old jobs are pruned", async () => (await remaining()).length < 4);
    expect((await remaining()).map(({ id }) => id)).toEqual(ids.slice(2));
  });

  test("a failed root is kept while one of its children is unfinished", async () => {
    const insertFlow = `INSERT INTO "Job" (id, name, payload, "rootId", "parentId", "onFailure", state, "finishedAt", "dueAt") VALUES
      ($1::uuid, 'note', '{}', $1::uuid, NULL, NULL, 'FAILED', now() - interval '31 days', now()),
      ($2::uuid, 'note', '{}', $1::uuid, $1::uuid, 'continue', 'PENDING', NULL, now() + interval '1 day')`;
    const ids = [1, 2, 3].map((number) => `01600000-0000-7000-8000-00000000000${number}`);
    await core.sql(insertFlow, ids.slice(0, 2));
    const insertSingle = `INSERT INTO "Job" (id, name, payload, state, "finishedAt")
      VALUES ($1::uuid, 'note', '{}', 'FAILED', now() - interval '31 days')`;
    await core.sql(insertSingle, ids.slice(2));
    await core.sql(`DELETE FROM "JobLease"`, []);
    const remaining = () =>
      core.sql<{ id: string }>(`SELECT id FROM "Job" WHERE id = ANY ($1::uuid[]) ORDER BY id`, [ids]);
    await until("old jobs are pruned", async () => (await remaining()).length < 3);
    expect((await remaining()).map(({ id }) => id)).toEqual(ids.slice(0, 2));
  });

  test("a parent fails when its child failed before it was published", async () => {
    const id = await core.jobs.transaction(({ enqueueFlow }) =>
      enqueueFlow(
        node(note, {}, { children: [node(note, {}, { onFailure: "fail-parent", delay: 60_000 })] }),
      ),
    );
    await core.sql(`UPDATE "Job" SET state = 'FAILED', error = 'refused' WHERE "parentId" = $1::uuid`, [id]);
    await core.sql(`DELETE FROM "JobLease"`, []);
    expect((await core.reaches(id, "FAILED")).error).toBe("its child note failed: refused");
  });
});

test("a job that the sweep published again completes", async () => {
  const id = await published();
  await loseInBroker(id);
  core.work(defineWorker(note, async () => "done"));
  expect(await core.reaches(id, "COMPLETED")).toMatchObject({ epoch: 2 });
});
