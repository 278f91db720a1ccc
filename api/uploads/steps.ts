import { sqlOf, type Tx } from "../../infra/database.ts";
import type { Upload } from "../../prisma/client/client.ts";
import { findJobsOfRecords, type JobState, type RecordJob } from "../../workers/core/index.ts";
import { uploadPurge } from "../../workers/upload-purge/job.ts";

/** A job of an upload, as its owner sees it. */
export interface Step {
  id: string;
  name: string;
  state: "WAITING" | "RUNNING" | "COMPLETED" | "FAILED";
  /** From 0 to 1. */
  progress: number;
}

/** The jobs of an upload, in the order in which they were enqueued. */
export const stepsOf = async (tx: Tx, uploadId: string): Promise<Step[]> =>
  (await findJobsOfUploads(tx, [uploadId])).map(({ id, name, ...job }) => ({
    id,
    name,
    state: stateOf(job),
    progress: progressOf(job),
  }));

/** Of the uploads in processing, those without a job that could still end it: what they needed has failed. */
export const stuckAmong = async (tx: Tx, uploads: readonly Upload[]): Promise<Set<string>> => {
  const processing = uploads.filter(({ state }) => state === "PROCESSING").map(({ id }) => id);
  if (processing.length === 0) return new Set();
  const jobs = await findJobsOfUploads(tx, processing);
  const alive = new Set(jobs.filter(({ state }) => !hasEnded(state)).map(({ recordId }) => recordId));
  return new Set(processing.filter((id) => !alive.has(id)));
};

/** The purge of an upload is not a part of its processing. */
const findJobsOfUploads = async (tx: Tx, uploadIds: readonly string[]): Promise<RecordJob[]> =>
  (await findJobsOfRecords(sqlOf(tx), "uploadId", uploadIds)).filter(({ name }) => name !== uploadPurge.name);

const hasEnded = (state: JobState) => state === "COMPLETED" || state === "FAILED" || state === "CANCELLED";

const stateOf = ({ state, startedAt }: Pick<RecordJob, "state" | "startedAt">): Step["state"] => {
  if (state === "COMPLETED") return "COMPLETED";
  if (hasEnded(state)) return "FAILED";
  return startedAt ? "RUNNING" : "WAITING";
};

const progressOf = ({ state, progress }: Pick<RecordJob, "state" | "progress">): number => {
  if (hasEnded(state)) return 1;
  return typeof progress === "number" ? Math.min(1, Math.max(0, progress)) : 0;
};

/**
 * The mean over all steps. At least `expected` steps are counted, so that the progress does not fall when some are
 * enqueued later.
 */
export const totalProgress = (steps: readonly Step[], expected = 1): number =>
  steps.reduce((sum, { progress }) => sum + progress, 0) / Math.max(1, expected, steps.length);
