import { createHash } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import type { Batch } from "../core/index.ts";

const HOUR = 3_600_000;

/**
 * The batch of everything that one hour made due for one job. Its id is derived, so that runs that follow each other,
 * or overlap, count into the same batch. A UUIDv7 of that hour: batches are listed in the order of their ids.
 */
export const batchOf = (job: string, at: Date): Batch => {
  const msecs = at.getTime() - (at.getTime() % HOUR);
  const name = `${job} ${new Date(msecs).toISOString().slice(0, 16)}Z`;
  const random = createHash("sha256").update(name).digest().subarray(0, 16);
  return { id: uuidv7({ msecs, random, seq: 0 }), name };
};
