import type { Database } from "../database.ts";

export type Db = Database["prisma"];

/** What a notification says: in the list, on devices and in mails. */
export interface NotificationText {
  title: string;
  text: string;
  /** Below the application's address. */
  path: string;
}

/** The part of a notification that its text depends on. */
export interface About {
  id: string;
  userId: string;
  kind: string;
  recordId: string | null;
  actorId: string | null;
}

/** A name that others have chosen, as it may be shown: empty if it must not be. */
export type Shown = (name: string) => string;

export interface Batch {
  /** Of the records. */
  ids: string[];
  /** The users who were notified about them. */
  readers: string[];
  shown: Shown;
}

/** The text for a reader about a record; undefined if the record is gone, or not visible to the reader. */
export type Find = (recordId: string, readerId: string, actor: string) => NotificationText | undefined;

export interface Source {
  /** Shown when there is nothing left to tell: it names no record and no person. */
  title: string;
  load(prisma: Db, batch: Batch): Promise<Find>;
}

/** Looks the record up, and describes it if it is there. */
export const findIn = <Row extends { id: string }>(
  rows: readonly Row[],
  describe: (row: Row, readerId: string, actor: string) => NotificationText | undefined,
): Find => {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return (recordId, readerId, actor) => {
    const row = byId.get(recordId);
    return row && describe(row, readerId, actor);
  };
};
