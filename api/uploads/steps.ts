import type { Tx } from "../../infra/database.ts";
import type { Upload } from "../../prisma/client/client.ts";

/** A job of an upload, as shown to its owner. */
export interface Step {
  id: string;
  name: string;
  state: "WAITING" | "RUNNING" | "COMPLETED" | "FAILED";
  /** From 0 to 1. */
  progress: number;
}

interface Row {
  id: string;
  name: string;
  state: string;
  isRunning: boolean;
  progress: unknown;
}

/** The jobs of an upload, in the order of their creation. */
export const stepsOf = async (tx: Pick<Tx, "$queryRaw">, uploadId: string): Promise<Step[]> => {
  const rows = await tx.$queryRaw<Row[]>`
    SELECT id, name, state::text, "startedAt" IS NOT NULL AS "isRunning", progress FROM "Job"
    WHERE payload ? 'uploadId' AND payload ->> 'uploadId' = ${uploadId} AND name <> 'upload-purge' ORDER BY id`;
  return rows.map(({ id, name, ...row }) => ({ id, name, state: stateOf(row), progress: progressOf(row) }));
};

const hasEnded = (state: string) => /^(COMPLETED|FAILED|CANCELLED)$/.test(state);

const stateOf = ({ state, isRunning }: Pick<Row, "state" | "isRunning">): Step["state"] => {
  if (state === "COMPLETED") return "COMPLETED";
  if (hasEnded(state)) return "FAILED";
  return isRunning ? "RUNNING" : "WAITING";
};

const progressOf = ({ state, progress }: Pick<Row, "state" | "progress">): number => {
  if (hasEnded(state)) return 1;
  return typeof progress === "number" ? Math.min(1, Math.max(0, progress)) : 0;
};

/**
 * The progress of all steps together, as in `flowProgress`. `expected` is the final number of steps, so that the
 * progress does not fall when later steps are enqueued.
 */
export const totalProgress = (steps: readonly Step[], expected = 1): number =>
  steps.reduce((sum, { progress }) => sum + progress, 0) / Math.max(1, expected, steps.length);

/** Uploads that are still PROCESSING but have no unfinished job: a job that they needed has failed. */
export const stuckAmong = async (
  tx: Pick<Tx, "$queryRaw">,
  uploads: readonly Upload[],
): Promise<Set<string>> => {
  const working = uploads.filter(({ state }) => state === "PROCESSING").map(({ id }) => id);
  if (working.length === 0) return new Set();
  const rows = await tx.$queryRaw<{ uploadId: string }[]>`
    SELECT DISTINCT payload ->> 'uploadId' AS "uploadId" FROM "Job"
    WHERE payload ? 'uploadId' AND payload ->> 'uploadId' = ANY(${working}) AND name <> 'upload-purge'
      AND state IN ('WAITING', 'PENDING', 'PUBLISHED')`;
  const alive = new Set(rows.map(({ uploadId }) => uploadId));
  return new Set(working.filter((id) => !alive.has(id)));
};
