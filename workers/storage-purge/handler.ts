import {
  PermanentError,
  purgeInBatches,
  type Payload,
  type PurgedBatch,
  type PurgeOptions,
  type Run,
} from "../core/index.ts";
import { storagePurge } from "./job.ts";

/** Each has a folder per record, named by the record's id. */
const ROOTS = ["uploads", "reports", "exports"] as const;
export type Root = (typeof ROOTS)[number];

export interface Deps extends PurgeOptions {
  /** The names of up to `limit` folders below a root, in order, after the name `after`. */
  listFolders(root: Root, after: string | undefined, limit: number): Promise<string[]>;
  /** Those of the ids that have a row. */
  findKnown(root: Root, ids: string[]): Promise<string[]>;
  list(prefix: string): AsyncIterable<string>;
  remove(keys: string[]): Promise<void>;
}

/** Folders at a time. */
const PAGE = 500;
/** Objects removed at a time. */
const BATCH_SIZE = 500;
/**
 * Milliseconds since the record was created. After PostgreSQL was restored from a backup, the newest records lack their
 * rows: this is the time to save their objects.
 */
const GRACE = 7 * 86_400_000;
/** More orphans than this in a page, and more than half of it, are not what failures leave: see `checkShare`. */
const SUSPICIOUS = 20;
/** Milliseconds before the next run continues. */
const CONTINUE = 600_000;

type Position = Pick<Payload<typeof storagePurge>, "root" | "after">;

export const purgeStorage =
  ({ listFolders, findKnown, list, remove, ...options }: Deps) =>
  async (
    { root: firstRoot = "uploads", after: firstId, sure }: Payload<typeof storagePurge>,
    run: Pick<Run, "signal" | "progress" | "enqueue">,
  ) => {
    const until = Date.now() - GRACE;
    let position: Position = { root: firstRoot, after: firstId };

    const purgePage = async (root: Root, after: string | undefined): Promise<PurgedBatch> => {
      const folders = await listFolders(root, after, PAGE);
      const ids = folders.filter((name) => createdAt(name) <= until);
      const known = new Set(ids.length > 0 ? await findKnown(root, ids) : []);
      const orphans = ids.filter((id) => !known.has(id));
      if (!sure) checkShare(orphans.length, folders.length);
      let objects = 0;
      for (const id of orphans) objects += await removeFolder(`${root}/${id}/`);
      const last = folders.at(-1);
      position = { root, after: last ?? after };
      return { counts: { [root]: orphans.length, objects }, next: last };
    };

    const removeFolder = async (prefix: string): Promise<number> => {
      let removed = 0;
      for (;;) {
        run.signal.throwIfAborted();
        const keys = await firstOf(list(prefix), BATCH_SIZE);
        if (keys.length === 0) return removed;
        await remove(keys);
        removed += keys.length;
      }
    };

    const steps = ROOTS.slice(ROOTS.indexOf(firstRoot)).map(
      (root) => (after: string | undefined) =>
        purgePage(root, after ?? (root === firstRoot ? firstId : undefined)),
    );
    const result = await purgeInBatches(steps, { ...options, slow: Infinity }, run);
    if (result["note"]) run.enqueue(storagePurge, { ...position, sure }, { delay: CONTINUE });
    return result;
  };

/** The time in a UUID of version 7. NaN for any other name, whose folder is then kept. */
const createdAt = (name: string): number =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(name)
    ? Number.parseInt(name.slice(0, 8) + name.slice(9, 13), 16)
    : NaN;

/** A worker with the storage of one system and the database of another would remove every object. */
const checkShare = (orphans: number, folders: number): void => {
  if (orphans > SUSPICIOUS && orphans > folders / 2)
    throw new PermanentError(
      `${orphans} of ${folders} records in the storage have no row: is this the right database?`,
    );
};

const firstOf = async (keys: AsyncIterable<string>, count: number): Promise<string[]> => {
  const first: string[] = [];
  for await (const key of keys) if (first.push(key) === count) break;
  return first;
};
