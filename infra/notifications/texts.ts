import type { Database } from "../database.ts";

/** What a notification says: shown in the list, on devices and in mails. */
export interface NotificationText {
  title: string;
  text: string;
  url: string;
}

/** The text of a notification. Null if it is deleted, or if what it is about is. */
export const findNotificationText = async (
  prisma: Pick<Database["prisma"], "notification">,
  publicUrl: string,
  id: string,
): Promise<NotificationText | null> => {
  const found = await prisma.notification.findUnique({ where: { id }, select: { kind: true } });
  return found && { title: found.kind, text: "", url: `${publicUrl}/notifications#${id}` };
};

/** The texts of notifications by their ids, with the page that each opens. */
export const textsOf = async (
  _prisma: Database["prisma"],
  notifications: readonly { id: string; kind: string }[],
): Promise<Map<string, { title: string; text: string; path: string }>> =>
  new Map(
    notifications.map(
      ({ id, kind }) => [id, { title: kind, text: "", path: `/notifications#${id}` }] as const,
    ),
  );
