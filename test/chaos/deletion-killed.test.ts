import { v7 as uuidv7 } from "uuid";
import { expect, it } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { accountDelete } from "../../workers/account-delete/job.ts";
import { SECRET } from "../support/api/app.ts";
import { createSystem } from "../support/chaos/system.ts";
import { insertJob } from "../support/core/insert-job.ts";

const NOTIFICATIONS = 30_000;
const env = {
  ...{ WORKERS: "account-delete,email", APP_SECRET: SECRET },
  ...{ PURGE_MAX_STATEMENTS: "10000", PURGE_MAX_BATCH_MS: "60000" },
};

it("a worker that is killed in the middle leaves an exact receipt", { timeout: 120_000 }, async () => {
  await using system = await createSystem();
  const [userId, deletionId] = [uuidv7(), uuidv7()];
  await system.sql(
    `INSERT INTO "User" (id, email, name, "passwordHash", "verifiedAt") VALUES ($1::uuid, 'ada@example.com', 'Ada', '', now())`,
    [userId],
  );
  await system.sql(
    `INSERT INTO "Notification" (id, "userId", sequence, kind)
     SELECT gen_random_uuid(), $1::uuid, n, 'mention' FROM generate_series(1, $2::int) n`,
    [userId, NOTIFICATIONS],
  );
  const jobId = await insertJob(system.sql, accountDelete, { deletionId });
  await system.sql(
    `INSERT INTO "AccountDeletion" (id, "userId", "jobId", "dueAt") VALUES ($1::uuid, $2::uuid, $3::uuid, now())`,
    [deletionId, userId, jobId],
  );
  const remaining = async () => {
    const [row] = await system.sql<{ count: number }>(`SELECT count(*)::int FROM "Notification"`, []);
    return row!.count;
  };
  const worker = await system.startWorker(env);
  await until("the deletion has begun", async () => (await remaining()) < NOTIFICATIONS);
  await worker.kill();
  expect(await remaining()).toBeGreaterThan(0);

  await system.startWorker(env);
  await until("the last mail has arrived", async () => (await system.mails()).length > 0);
  expect((await system.mails()).map(({ subject }) => subject)).toEqual(["Your account is deleted"]);
  const [receipt] = await system.sql<{ counts: object }>(
    `SELECT counts FROM "AccountDeletion" WHERE "finishedAt" IS NOT NULL AND "userId" IS NULL`,
    [],
  );
  expect(receipt?.counts).toEqual({ notifications: NOTIFICATIONS });
});
