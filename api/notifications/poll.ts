import type { Database } from "../../infra/database.ts";
import type { Sql } from "../../workers/core/index.ts";
import type { EventStream } from "../http/event-stream.ts";
import { countUnread, keyOf, readAfter } from "./read.ts";
import { notification, unread } from "./shapes.ts";

/** The poll itself is plain SQL: with thousands of sessions, Prisma takes longer than the server. */
export type Store = Pick<Database, "prisma" | "jobs">;

/** Notifications per stream and poll: their bytes are what a client that does not read can occupy here. */
const PAGE = 50;
/** Streams that are served per poll. The others are served by the next one, which follows at once. */
const SERVED = 200;

/** An open stream, and what its client has. */
export interface Reader {
  sessionId: string;
  userId: string;
  stream: EventStream;
  /** Its place in the order in which streams were opened. */
  number: number;
  /** The sequence number up to which the client has everything. Undefined: it starts with what comes next. */
  position: number | undefined;
  /** The version of the feed that the client has. Undefined until it has caught up. */
  version: number | undefined;
}

interface Feed {
  last: number;
  version: number;
}

/**
 * Ends the streams whose session has ended, and sends each of the others what its feed has more than its client has.
 * Resolves with whether there is more to send at once.
 *
 * A feed is locked from a notification until its transaction ends. So once its `last` can be read, everything up to it
 * can be read: no notification appears later with a lower number.
 */
export const pollOnce = async ({ prisma, jobs }: Store, readers: Set<Reader>): Promise<boolean> => {
  const asked = [...readers];
  const feeds = await findFeeds(jobs.sql, asked);
  const due = asked.flatMap((reader) => {
    const feed = feeds.get(reader.sessionId);
    if (!feed) reader.stream.end(0);
    const isDue = feed && reader.version !== feed.version && reader.stream.isFlushed;
    return isDue ? [{ reader, feed, place: placeOf(reader, feed) }] : [];
  });

  const served = due.slice(0, SERVED);
  const behind = served.filter(({ place, feed }) => place.after < feed.last);
  const places = new Map(behind.map(({ place }) => [keyOf(place), place]));
  const pages = await readAfter(prisma, [...places.values()], PAGE);
  const counts = await countUnread(prisma, [...new Set(served.map(({ reader }) => reader.userId))]);

  for (const { reader, feed, place } of served) {
    const page = pages.get(keyOf(place)) ?? [];
    const lastSent = page.at(-1)?.sequence ?? 0;
    const isComplete = page.length < PAGE;
    reader.position = isComplete ? Math.max(feed.last, lastSent) : lastSent;
    if (isComplete) reader.version = feed.version;
    reader.stream.send([
      ...page.map((item) => ({ name: "notification", id: item.sequence, data: notification.parse(item) })),
      // With an id too: a client that has no notification yet resumes from here.
      ...(isComplete ? [unreadEvent(reader.position, counts.get(reader.userId))] : []),
    ]);
    // To the end, so that those who have much to catch up do not keep others from their turn.
    if (readers.delete(reader)) readers.add(reader);
  }
  return due.length > served.length || served.some(({ reader, feed }) => reader.version !== feed.version);
};

/** The feeds of those sessions that have neither ended nor expired. */
const findFeeds = async (sql: Sql, readers: readonly Reader[]): Promise<ReadonlyMap<string, Feed>> => {
  const rows = await sql<Feed & { id: string }>(
    `SELECT s.id, coalesce(f.last, 0) AS last, coalesce(f.version, 0) AS version
     FROM "Session" s LEFT JOIN "NotificationFeed" f ON f."userId" = s."userId"
     WHERE s.id = ANY($1::uuid[]) AND s."expiresAt" > $2`,
    [readers.map(({ sessionId }) => sessionId), new Date()],
  );
  return new Map(rows.map(({ id, ...feed }) => [id, feed]));
};

/** A client cannot have more than the feed: that number is invented, or the database was restored. */
const placeOf = ({ userId, position }: Reader, { last }: Feed) => ({
  userId,
  after: Math.min(position ?? last, last),
});

const unreadEvent = (id: number, count = 0) => ({
  name: "unread",
  id,
  data: unread.parse({ unread: count }),
});
