import type { Database, Tx } from "../../../infra/database.ts";
import type { Storage } from "../../../infra/storage/storage.ts";
import type { PurgedBatch } from "../../core/index.ts";

/** Whose data is deleted, and the receipt that counts it. */
export interface Removal {
  prisma: Database["prisma"];
  storage: Pick<Storage, "list" | "remove">;
  userId: string;
  deletionId: string;
}

/** Rows or objects per transaction, at most. */
export const BATCH = 1_000;

/**
 * Deletes or anonymises one batch of at most `BATCH` rows or objects, beginning at `next` of the batch before it. What
 * another transaction has locked is left to a later round.
 */
export type Remove = (removal: Removal, after: string | undefined) => Promise<PurgedBatch>;

export type Counts = Readonly<Record<string, number>>;

/** Runs one batch in a transaction of its own, which also adds its counts to the receipt: each row is counted once. */
export const inBatch = (
  { prisma, deletionId }: Pick<Removal, "prisma" | "deletionId">,
  work: (tx: Tx) => Promise<PurgedBatch>,
): Promise<PurgedBatch> =>
  prisma.$transaction(async (tx) => {
    await useIndexes(tx);
    const batch = await work(tx);
    await addToReceipt(tx, deletionId, batch.counts);
    return batch;
  });

/**
 * Until the end of the transaction. The statistics of the tables still say that the user has many rows, of which a scan
 * of the whole table would find one soon. When they are gone, it finds none, and reads the rows of everybody.
 */
export const useIndexes = async (tx: Tx): Promise<void> => {
  await tx.$executeRaw`SET LOCAL enable_seqscan = off`;
};

export const addToReceipt = async (tx: Tx, deletionId: string, counts: Counts): Promise<void> => {
  const added = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  if (Object.keys(added).length === 0) return;
  await tx.$executeRaw`
    UPDATE "AccountDeletion" d SET counts = d.counts || (
      SELECT jsonb_object_agg(key, value::int8 + coalesce((d.counts ->> key)::int8, 0))
        FROM jsonb_each_text(${JSON.stringify(added)}::jsonb))
     WHERE id = ${deletionId}::uuid`;
};

/** One kind of data after the other, as one. */
export const inTurn =
  (...removes: readonly Remove[]): Remove =>
  async (removal, after) => {
    const [at, rest] = splitCursor(after);
    const index = Number(at || 0);
    const remove = removes[index];
    if (!remove) return { counts: {}, next: undefined };
    const { counts, next } = await remove(removal, rest);
    if (next !== undefined) return { counts, next: `${index} ${next}` };
    return { counts, next: index + 1 < removes.length ? `${index + 1}` : undefined };
  };

/** The first word of a cursor, and what follows it. */
export const splitCursor = (cursor = ""): [first: string, rest: string | undefined] => {
  const space = cursor.indexOf(" ");
  return space < 0 ? [cursor, undefined] : [cursor.slice(0, space), cursor.slice(space + 1)];
};
