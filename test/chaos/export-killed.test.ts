import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { v7 as uuidv7 } from "uuid";
import { expect, it } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { accountExport } from "../../workers/account-export/job.ts";
import { untilAllFinished } from "../support/chaos/checks.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { insertJob } from "../support/core/insert-job.ts";
import { readZip } from "../support/exports/read-zip.ts";

const KILLS = 2;
const ROWS = 60_000;

/** An export of many rows, which takes seconds to write. */
const enqueueExport = async ({ sql }: System) => {
  const [userId, projectId, exportId] = [uuidv7(), uuidv7(), uuidv7()];
  await sql(
    `INSERT INTO "User" (id, email, name, "passwordHash") VALUES ($1, 'ada@killed.example', 'Ada', '')`,
    [userId],
  );
  await sql(`INSERT INTO "Project" (id, name) VALUES ($1, 'Rocket')`, [projectId]);
  await sql(`INSERT INTO "ProjectMember" ("projectId", "userId", role) VALUES ($1, $2, 'OWNER')`, [
    ...[projectId, userId],
  ]);
  await sql(
    `INSERT INTO "TaskChange" (id, "projectId", "taskId", state)
     SELECT gen_random_uuid(), $1, gen_random_uuid(), 'TODO' FROM generate_series(1, ${ROWS})`,
    [projectId],
  );
  await sql(
    `INSERT INTO "AccountExport" (id, "userId", "expiresAt") VALUES ($1, $2, now() + interval '7 days')`,
    [exportId, userId],
  );
  return { exportId, jobId: await insertJob(sql, accountExport, { exportId }) };
};

const rowOf = async ({ sql }: System, jobId: string) => {
  const [row] = await sql<{ progress: number | null; state: string }>(
    `SELECT progress, state::text FROM "Job" WHERE id = $1`,
    [jobId],
  );
  return row!;
};

it(
  "an export whose worker is killed while it is written is one whole file, one notification and one mail",
  { timeout: 400_000 },
  async () => {
    await using system = await createSystem();
    const { exportId, jobId } = await enqueueExport(system);
    const objects = fileURLToPath(`${system.env["STORAGE_URL"]}/objects/exports/${exportId}`);
    for (let kills = 0; kills < KILLS; kills++) {
      await system.sql(`UPDATE "Job" SET progress = NULL WHERE id = $1`, [jobId]);
      const worker = await system.startWorker({ WORKERS: "account-export" });
      await until("it is being written", async () => (await rowOf(system, jobId)).progress !== null, 120_000);
      await worker.kill();
      expect(await rowOf(system, jobId)).toMatchObject({ state: "PUBLISHED" });
      expect(await readdir(objects).catch(() => [])).toEqual([]);
    }
    await system.startWorker({ WORKERS: "account-export,email" });
    await untilAllFinished(system);

    const [found] = await system.sql<{ state: string; bytes: string }>(
      `SELECT state::text, bytes FROM "AccountExport"`,
      [],
    );
    expect(found).toMatchObject({ state: "READY" });
    expect((await readdir(objects)).toSorted()).toEqual([".export.zip.type", "export.zip"]);
    const file = await readFile(join(objects, "export.zip"));
    expect(file.length).toBe(Number(found?.bytes));
    const changes = readZip(file).get("data/projects/task-changes.json")?.content.toString() ?? "";
    const ids = new Set((JSON.parse(changes) as { id: string }[]).map(({ id }) => id));
    expect(ids.size).toBe(ROWS);
    expect(await system.sql(`SELECT kind, "recordId" FROM "Notification"`, [])).toEqual([
      { kind: "export-ready", recordId: exportId },
    ]);
    const jobs = await system.sql<{ name: string; state: string; crashes: number }>(
      `SELECT name, state::text, crashes FROM "Job" ORDER BY id`,
      [],
    );
    expect(jobs).toEqual([
      { name: "account-export", state: "COMPLETED", crashes: KILLS },
      { name: "email", state: "COMPLETED", crashes: 0 },
    ]);
    expect(new Set((await system.mails()).map(({ messageId }) => messageId)).size).toBe(1);
  },
);
