import { randomBytes } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import pg from "pg";
import { v7 as uuidv7 } from "uuid";
import { createLocalStorage } from "../../infra/storage/local.ts";
import { createSigner } from "../../infra/storage/signature.ts";
import { accountExport } from "../../workers/account-export/job.ts";
import { prepareJob, type Sql } from "../../workers/core/index.ts";
import { startProcess } from "../processes/project-process.ts";
import { residentMegabytes } from "./core/memory.ts";
import type { Measurement } from "./findings.ts";

const SIZES = {
  full: { files: 500, rows: 200_000 },
  quick: { files: 50, rows: 20_000 },
};
const FILE_BYTES = 1_000_000;
const SECRET = "a secret for benchmarks, of more than 32 characters";

/**
 * Measures the memory of a worker process while it makes exports. The first ones let V8 grow its heap to what it uses
 * whatever the size is, so the growth is that of an export of twice the size after them.
 */
const measureExport: Measurement = async (servers, extent) => {
  const { files, rows } = SIZES[extent];
  await using cleanups = new AsyncDisposableStack();
  const { url } = cleanups.use(await servers.createDatabase());
  const pool = cleanups.adopt(new pg.Pool({ connectionString: url, max: 2 }), (each) => each.end());
  const sql: Sql = async (text, values) => (await pool.query(text, [...values])).rows;
  const folder = cleanups.adopt(await mkdtemp(join(tmpdir(), "offstage-bench-export-")), (path) =>
    rm(path, { recursive: true }),
  );
  const storageUrl = pathToFileURL(folder).href;
  const env = {
    MALLOC_ARENA_MAX: "2",
    DATABASE_URL: url,
    QUEUE_URL: url,
    STORAGE_URL: storageUrl,
    WORKERS: "account-export",
  };
  const worker = cleanups.use(startProcess("workers/main.ts", { ...env, APP_SECRET: SECRET }));
  await worker.wrote("working");

  const addAccount = async (share: number) => {
    const userId = await addUser(sql, rows * share);
    await addFiles(sql, folder, userId, files * share);
    return userId;
  };
  const peaks: string[][] = [];
  const measure = async (share: number) => {
    const found = await runExport(sql, await addAccount(share), worker.pid);
    const { size } = await stat(join(folder, "objects/exports", found.exportId, "export.zip"));
    const cells = [found.most, size / 1e6, found.ms / 1_000].map((value) => value.toFixed(0));
    peaks.push([`${rows * share} rows, ${files * share} files`, ...cells]);
    return { ...found, megabytes: size / 1e6 };
  };
  await measure(0.1);
  const once = await measure(1);
  const twice = await measure(2);
  return {
    title: "account-export: exports of rows and of files of 1 MB, one after the other in one process",
    columns: ["", "most MB resident", "MB of the ZIP", "s"],
    rows: peaks,
    figures: [
      { name: "export_rss_growth_mb", value: twice.most - once.most, target: { max: 100 } },
      { name: "export_mb_per_s", value: (once.megabytes * 1_000) / once.ms },
    ],
  };
};

/** A user who owns a project with `rows` changes of tasks, which is where most rows of an account are. */
const addUser = async (sql: Sql, rows: number): Promise<string> => {
  const [userId, projectId] = [uuidv7(), uuidv7()];
  await sql(`INSERT INTO "User" (id, email, name, "passwordHash") VALUES ($1, $2, 'Ada', '')`, [
    ...[userId, `${userId}@example.com`],
  ]);
  await sql(`INSERT INTO "Project" (id, name) VALUES ($1, 'Rocket')`, [projectId]);
  await sql(`INSERT INTO "ProjectMember" ("projectId", "userId", role) VALUES ($1, $2, 'OWNER')`, [
    ...[projectId, userId],
  ]);
  await sql(
    `WITH task AS (
       INSERT INTO "Task" (id, "projectId", title, description, "creatorId")
       SELECT uuidv7(), $1, 'Task ' || n, repeat('What is to be done. ', 20), $2 FROM generate_series(1, $3::int / 4) n
       RETURNING id)
     INSERT INTO "TaskChange" (id, "projectId", "taskId", state, at)
     SELECT uuidv7(), $1, task.id, 'TODO', now() - random() * interval '90 days' FROM task, generate_series(1, 3)`,
    [projectId, userId, rows],
  );
  await sql(`ANALYZE "Task", "TaskChange"`, []);
  return userId;
};

const addFiles = async (sql: Sql, folder: string, userId: string, count: number): Promise<void> => {
  const storage = createLocalStorage({ folder, signer: createSigner(SECRET) });
  for (let index = 0; index < count; index++) {
    const id = uuidv7();
    await sql(
      `INSERT INTO "Upload" (id, "userId", kind, filename, "contentType", bytes, state)
       VALUES ($1, $2, 'IMAGE', $3, 'image/png', $4, 'READY')`,
      [id, userId, `photo ${index}.png`, FILE_BYTES],
    );
    await storage.write(`uploads/${id}/source`, randomBytes(FILE_BYTES), "image/png");
  }
};

/** Resolves when the export is made, with the resident megabytes meanwhile. */
const runExport = async (sql: Sql, userId: string, pid: number) => {
  const exportId = uuidv7();
  await sql(
    `INSERT INTO "AccountExport" (id, "userId", "expiresAt") VALUES ($1, $2, now() + interval '1 day')`,
    [exportId, userId],
  );
  const jobId = await prepareJob(accountExport, { exportId })(sql);
  const startedAt = performance.now();
  for (let [most, last] = [0, 0]; ;) {
    last = await residentMegabytes(pid);
    most = Math.max(most, last);
    const [job] = await sql<{ state: string; error: string | null; attempt: number }>(
      `SELECT state::text, error, attempt FROM "Job" WHERE id = $1`,
      [jobId],
    );
    if (job?.state === "COMPLETED") return { exportId, most, ms: performance.now() - startedAt };
    if (job?.error || job?.attempt)
      throw new Error(`the export failed: ${job.error ?? "see the worker's log"}`);
    await sleep(50);
  }
};

/** Measures the export of an account. */
export const exports: readonly Measurement[] = [measureExport];
