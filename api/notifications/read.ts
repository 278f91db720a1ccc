import type { Database, Tx } from "../../infra/database.ts";
import { isNeutral, textsOf } from "../../infra/notifications/texts.ts";
import type { Notification } from "../../prisma/client/client.ts";
import { COUNTED } from "./shapes.ts";

type Prisma = Database["prisma"];

type Row = Omit<Notification, "inApp" | "push"> & { actorName: string | null };
export type Item = Row & { title: string; text: string; path: string };

/** What a user has been notified about before a sequence number, newest first. */
export const readBefore = async (
  prisma: Prisma,
  { userId, before, limit }: { userId: string; before: number | undefined; limit: number },
): Promise<Item[]> => {
  const rows = await prisma.notification.findMany({
    where: { userId, inApp: true, ...(before !== undefined && { sequence: { lt: before } }) },
    include: { actor: { select: { name: true } } },
    orderBy: { sequence: "desc" },
    take: limit,
  });
  return toItems(
    prisma,
    rows.map(({ actor, ...row }) => ({ ...row, actorName: actor?.name ?? null })),
  );
};

/** Where a reader is: it has the notifications of a user up to a sequence number. */
export interface Place {
  userId: string;
  after: number;
}

export const keyOf = ({ userId, after }: Place) => `${userId} ${after}`;

/** At most `limit` notifications after each place, oldest first, by the `keyOf` the place. */
export const readAfter = async (
  prisma: Prisma,
  places: readonly Place[],
  limit: number,
): Promise<ReadonlyMap<string, readonly Item[]>> => {
  if (places.length === 0) return new Map();
  const rows = await prisma.$queryRaw<(Row & Place)[]>`
    SELECT n.*, place.after, a.name AS "actorName"
    FROM unnest(${places.map(({ userId }) => userId)}::uuid[], ${places.map(({ after }) => after)}::int[])
      AS place("userId", after)
    CROSS JOIN LATERAL (
      SELECT id, "userId", sequence, kind, "recordId", "actorId", "createdAt", "readAt" FROM "Notification" n
      WHERE n."userId" = place."userId" AND n.sequence > place.after AND n."inApp"
      ORDER BY n.sequence LIMIT ${limit}
    ) n
    LEFT JOIN "User" a ON a.id = n."actorId"
    ORDER BY n.sequence`;
  return Map.groupBy(await toItems(prisma, rows), keyOf);
};

/** Notifications as the API sends them. */
const toItems = async <Each extends Row>(prisma: Prisma, rows: readonly Each[]) => {
  const texts = await textsOf(prisma, rows);
  return rows.map((row) => {
    const found = texts.get(row.id) ?? { title: row.kind, text: "", path: "/notifications" };
    const { title, text, path } = found;
    return { ...row, actorName: isNeutral(found) ? null : row.actorName || null, title, text, path };
  });
};

/** The unread notifications of each user, up to COUNTED. */
export const countUnread = async (
  prisma: Pick<Tx, "$queryRaw">,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, number>> => {
  if (userIds.length === 0) return new Map();
  const rows = await prisma.$queryRaw<{ userId: string; unread: number }[]>`
    SELECT u.id AS "userId", count(n.id)::int AS unread
    FROM unnest(${userIds}::uuid[]) u(id) LEFT JOIN LATERAL (
      SELECT id FROM "Notification" WHERE "userId" = u.id AND "readAt" IS NULL AND "inApp" LIMIT ${COUNTED}
    ) n ON true
    GROUP BY u.id`;
  return new Map(rows.map(({ userId, unread }) => [userId, unread]));
};
