import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { v7 as uuidv7 } from "uuid";
import { expect, it } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { reportGenerate } from "../../workers/report-generate/job.ts";
import { readPdf } from "../support/api/reports.ts";
import { untilAllFinished } from "../support/chaos/checks.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { insertJob } from "../support/core/insert-job.ts";

const KILLS = 2;

/** A report of 3,000 rows, which takes seconds to draw. */
const enqueueReport = async ({ sql }: System) => {
  const [userId, projectId, reportId] = [uuidv7(), uuidv7(), uuidv7()];
  await sql(
    `INSERT INTO "User" (id, email, name, "passwordHash") VALUES ($1, 'ada@killed.example', 'Ada', '')`,
    [userId],
  );
  await sql(`INSERT INTO "Project" (id, name) VALUES ($1, 'Rocket')`, [projectId]);
  await sql(`INSERT INTO "ProjectMember" ("projectId", "userId", role) VALUES ($1, $2, 'OWNER')`, [
    ...[projectId, userId],
  ]);
  await sql(
    `INSERT INTO "Task" (id, "projectId", title, state, "dueOn", "createdAt", "startedAt", "completedAt")
     SELECT gen_random_uuid(), $1, 'Task ' || n, (CASE n % 3 WHEN 0 THEN 'DONE' ELSE 'TODO' END)::"TaskState",
       CASE n % 3 WHEN 1 THEN '2026-11-10'::date END, '2026-11-02',
       CASE n % 3 WHEN 0 THEN '2026-11-03'::date END, CASE n % 3 WHEN 0 THEN '2026-11-17'::date END
     FROM generate_series(1, 3000) n`,
    [projectId],
  );
  await sql(
    `INSERT INTO "Report" (id, "projectId", "userId", period, "firstDay", "lastDay", zone, attach)
     VALUES ($1, $2, $3, 'WEEK', '2026-11-16', '2026-11-22', 'Europe/Warsaw', true)`,
    [reportId, projectId, userId],
  );
  return { reportId, jobId: await insertJob(sql, reportGenerate, { reportId }) };
};

const rowOf = async ({ sql }: System, jobId: string) => {
  const [row] = await sql<{
    progress: number | null;
    crashes: number;
    startedAt: Date | null;
    state: string;
  }>(`SELECT progress, crashes, "startedAt", state::text FROM "Job" WHERE id = $1`, [jobId]);
  return row!;
};

it(
  "a report whose worker is killed while it is drawn is one whole file, one notification and one mail",
  { timeout: 400_000 },
  async () => {
    await using system = await createSystem();
    const { reportId, jobId } = await enqueueReport(system);
    const objects = fileURLToPath(`${system.env["STORAGE_URL"]}/objects/reports/${reportId}`);
    for (let kills = 0; kills < KILLS; kills++) {
      await system.sql(`UPDATE "Job" SET progress = NULL WHERE id = $1`, [jobId]);
      const worker = await system.startWorker({ WORKERS: "report-generate" });
      await until("it is being drawn", async () => (await rowOf(system, jobId)).progress !== null, 120_000);
      await worker.kill();
      expect(await rowOf(system, jobId)).toMatchObject({ state: "PUBLISHED" });
      expect(await readdir(objects).catch(() => [])).toEqual([]);
    }
    await system.startWorker({ WORKERS: "report-generate,email" });
    await untilAllFinished(system);

    const [report] = await system.sql<{ state: string; pages: number; bytes: number }>(
      `SELECT state::text, pages, bytes FROM "Report"`,
      [],
    );
    expect(report).toMatchObject({ state: "READY" });
    expect((await readdir(objects)).toSorted()).toEqual([".report.pdf.type", "report.pdf"]);
    const file = await readFile(join(objects, "report.pdf"));
    expect([file.length, (await readPdf(file)).length]).toEqual([report?.bytes, report?.pages]);
    expect(await system.sql(`SELECT kind, "recordId" FROM "Notification"`, [])).toEqual([
      { kind: "report-ready", recordId: reportId },
    ]);
    const jobs = await system.sql<{ name: string; state: string; crashes: number }>(
      `SELECT name, state::text, crashes FROM "Job" ORDER BY id`,
      [],
    );
    expect(jobs).toEqual([
      { name: "report-generate", state: "COMPLETED", crashes: KILLS },
      { name: "email", state: "COMPLETED", crashes: 0 },
    ]);
    const mails = await system.mails();
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(1);
    expect(mails[0]?.attachments).toMatchObject([{ bytes: report?.bytes }]);
  },
);
