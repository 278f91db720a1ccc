import { sqlOf, type Tx } from "../../../infra/database.ts";
import { uploadPurge } from "../../upload-purge/job.ts";
import {
  findJobsOfRecords,
  removeJobs,
  removeJobsOfRecords,
  prepareJob,
  type PurgedBatch,
} from "../../core/index.ts";
import { removeObjects } from "./objects.ts";
import { BATCH, type Counts, inBatch, type Removal, type Remove } from "./removal.ts";

/** A kind of records that have objects in the storage and jobs that write them. */
interface FileRecords {
  table: "Upload" | "Report" | "AccountExport";
  /** The column that names the user, or the project. */
  owner: "userId" | "projectId";
  /** The field of a payload that names the record. */
  field: string;
  /** Objects are below `<folder>/<id>/`. */
  folder: string;
  counted: string;
}

const uploads: FileRecords = {
  ...{ table: "Upload", owner: "userId", field: "uploadId", folder: "uploads", counted: "uploads" },
};
const reports: FileRecords = {
  ...{ table: "Report", owner: "userId", field: "reportId", folder: "reports", counted: "reports" },
};
const exports: FileRecords = {
  ...{ table: "AccountExport", owner: "userId", field: "exportId", folder: "exports", counted: "exports" },
};

export const removeUploads: Remove = (removal, after) => removeFiles(removal, uploads, removal.userId, after);
export const removeReports: Remove = (removal, after) => removeFiles(removal, reports, removal.userId, after);
export const removeExports: Remove = (removal, after) => removeFiles(removal, exports, removal.userId, after);

/** Those of all members of a project. */
export const removeReportsOfProject = (removal: Removal, projectId: string, after: string | undefined) =>
  removeFiles(removal, { ...reports, owner: "projectId" }, projectId, after);

const DAY = 86_400_000;
/** Milliseconds, longer than every run. */
const QUIET_AFTER = 6 * 3_600_000;

/** Records per batch: each needs a look into the storage. */
const PAGE = 100;

/**
 * Removes records after their jobs and their objects. First their jobs, so that no new run begins; a record that a run
 * works on is left to a later round, because the run may still write objects. Then the objects, and at last the rows:
 * killed in between, no object is without a row.
 */
const removeFiles = async (
  removal: Removal,
  records: FileRecords,
  ownerId: string,
  after: string | undefined,
): Promise<PurgedBatch> => {
  const page = await findPage(removal, records, ownerId, after);
  const last = page.at(-1);
  if (last === undefined) return { counts: {}, next: undefined };
  const jobs = await stop(removal, records, page);
  if ((jobs.counts["jobs"] ?? 0) >= BATCH) return { ...jobs, next: after ?? "" };

  const idle = await findIdle(removal, records, page);
  const { emptied, objects } = await removeObjects(removal, records.folder, idle);
  const rows = await removeRows(removal, records, emptied);
  const isDone = emptied.length === idle.length && rows.next === undefined;
  const next = page.length === PAGE ? last : undefined;
  return { counts: { ...jobs.counts, objects, ...rows.counts }, next: isDone ? next : (after ?? "") };
};

const findPage = async (
  { prisma }: Removal,
  { table, owner }: FileRecords,
  ownerId: string,
  after = "",
): Promise<string[]> => {
  const rows = await prisma.$queryRawUnsafe<{ id: string }[]>(
    `SELECT id FROM "${table}" WHERE "${owner}" = $1::uuid AND id > $2::uuid ORDER BY id LIMIT ${PAGE}`,
    ...[ownerId, after || FIRST],
  );
  return rows.map(({ id }) => id);
};

const FIRST = "00000000-0000-0000-0000-000000000000";

/** Deletes the jobs that no worker runs. No file is accepted any more for an upload that awaits one. */
const stop = (removal: Removal, { table, field }: FileRecords, ids: string[]): Promise<PurgedBatch> =>
  inBatch(removal, async (tx) => {
    if (table === "Upload")
      await tx.upload.updateMany({
        where: { id: { in: ids }, state: "AWAITING" },
        data: { state: "FAILED" },
      });
    // The job of a slot has the id of its report.
    const ofSlots = table === "Report" ? await removeJobs(sqlOf(tx), ids) : 0;
    const jobs = ofSlots + (await removeJobsOfRecords(sqlOf(tx), { field, ids }, BATCH - ofSlots));
    return { counts: { jobs }, next: undefined };
  });

const findIdle = async ({ prisma }: Removal, { table, field }: FileRecords, ids: string[]) => {
  const jobs = await findJobsOfRecords(sqlOf(prisma), field, ids);
  const running = new Set(jobs.map(({ recordId }) => recordId));
  const where = { id: { in: table === "Report" ? ids : [] } };
  for (const { id } of await prisma.job.findMany({ where, select: { id: true } })) running.add(id);
  return ids.filter((id) => !running.has(id));
};

const removeRows = (removal: Removal, { table, counted }: FileRecords, ids: string[]): Promise<PurgedBatch> =>
  inBatch(removal, async (tx) => {
    const files = table === "Upload" ? await removeFileRows(tx, ids) : 0;
    if (files === BATCH) return { counts: { files }, next: "" };
    if (table === "Upload") await purgeLater(tx, ids);
    const rows = await tx.$executeRawUnsafe(`DELETE FROM "${table}" WHERE id = ANY ($1::uuid[])`, ids);
    const counts: Counts = { ...(files > 0 && { files }), [counted]: rows };
    return { counts, next: undefined };
  });

/** A client may still have a signed URL, and a worker that was cut off may still write: as after DELETE /v1/uploads. */
const purgeLater = async (tx: Tx, ids: string[]): Promise<void> => {
  const recent = await tx.upload.findMany({
    where: { id: { in: ids }, createdAt: { gt: new Date(Date.now() - DAY) } },
    select: { id: true },
  });
  for (const { id } of recent)
    await prepareJob(uploadPurge, { uploadId: id }, { delay: QUIET_AFTER })(sqlOf(tx));
};

const removeFileRows = (tx: Tx, ids: string[]): Promise<number> => tx.$executeRaw`
  DELETE FROM "UploadFile" WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM "UploadFile" WHERE "uploadId" = ANY (${ids}::uuid[]) LIMIT ${BATCH}))`;
