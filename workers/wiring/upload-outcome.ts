import type { Database, Tx } from "../../infra/database.ts";
import { announce } from "./announce.ts";

/** Makes an upload ready, and notifies its owner the first time. */
export const makeUploadReady = async (tx: Tx, id: string, data: ReadyUpload): Promise<void> => {
  const ready = { ...data, state: "READY" as const, problem: null };
  const [first] = await tx.upload.updateManyAndReturn({
    where: { id, state: { not: "READY" } },
    data: { ...ready, readyAt: new Date() },
    select: { userId: true },
  });
  if (first) await announce(tx, { userId: first.userId, kind: "upload-ready", recordId: id });
  else await tx.upload.update({ where: { id }, data: ready });
};

interface ReadyUpload {
  width?: number;
  height?: number;
  placeholder?: string;
  note?: string | null;
}

/**
 * Fails an upload with a reason for its owner, or without one if the fault is ours, and notifies the owner the first
 * time. One that was published stays so.
 */
export const createFailUpload =
  (prisma: Database["prisma"]) =>
  (id: string, problem: string | null): Promise<void> =>
    prisma.$transaction(async (tx) => {
      const [failed] = await tx.upload.updateManyAndReturn({
        where: { id, state: { notIn: ["READY", "FAILED"] } },
        data: { state: "FAILED", problem },
        select: { userId: true },
      });
      if (failed) await announce(tx, { userId: failed.userId, kind: "upload-failed", recordId: id });
    });
