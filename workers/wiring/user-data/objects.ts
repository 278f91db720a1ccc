import { addToReceipt, BATCH, type Removal } from "./removal.ts";

/** What is below some folders of the storage. */
interface Found {
  keys: string[];
  /** The ids whose folders were listed to their end. */
  listed: string[];
}

/**
 * Removes up to `BATCH` objects below `<folder>/<id>/`. Resolves with the ids that have none left, and with how many
 * were removed. The keys are written to the receipt before the removal, and counted after it, so that a kill in between
 * changes no count: the next run removes and counts them.
 */
export const removeObjects = async (
  removal: Removal,
  folder: string,
  ids: readonly string[],
): Promise<{ emptied: string[]; objects: number }> => {
  const interrupted = await removeNoted(removal);
  const { keys, listed } = await listObjects(removal.storage, folder, ids);
  if (keys.length === 0) return { emptied: listed, objects: interrupted };
  await removal.prisma.accountDeletion.update({
    where: { id: removal.deletionId },
    data: { removing: keys },
    select: { id: true },
  });
  return { emptied: listed, objects: interrupted + (await removeNoted(removal)) };
};

const listObjects = async (
  { list }: Removal["storage"],
  folder: string,
  ids: readonly string[],
): Promise<Found> => {
  const found: Found = { keys: [], listed: [] };
  for (const id of ids) {
    for await (const key of list(`${folder}/${id}/`)) {
      if (found.keys.length === BATCH) return found;
      found.keys.push(key);
    }
    found.listed.push(id);
  }
  return found;
};

/** Removes the objects that the receipt names, and counts them. */
const removeNoted = async ({ prisma, storage, deletionId }: Removal): Promise<number> => {
  const where = { id: deletionId };
  const noted = await prisma.accountDeletion.findUnique({ where, select: { removing: true } });
  if (!Array.isArray(noted?.removing)) return 0;
  const keys = noted.removing.map(String);
  await storage.remove(keys);
  return prisma.$transaction(async (tx) => {
    // Not if another run has counted them meanwhile.
    const count = await tx.$executeRaw`
      UPDATE "AccountDeletion" SET removing = NULL
       WHERE id = ${deletionId}::uuid AND removing = ${JSON.stringify(keys)}::jsonb`;
    if (count === 0) return 0;
    await addToReceipt(tx, deletionId, { objects: keys.length });
    return keys.length;
  });
};
