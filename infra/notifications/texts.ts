import { isKind } from "./kinds.ts";
import type { About, Db, NotificationText, Shown } from "./source.ts";
import { sources } from "./sources.ts";

/**
 * The texts of notifications, by their ids, rendered from the records as they are now: a few queries for each kind. One
 * whose record is gone, or no longer visible to its user, has a text that reveals nothing about it.
 */
export const textsOf = async (
  prisma: Db,
  notifications: readonly About[],
): Promise<Map<string, NotificationText>> => {
  const found = await describe(prisma, notifications, (name) => name);
  return new Map(notifications.map((each) => [each.id, found.get(each.id) ?? neutral(each.kind)]));
};

/** Whether a text is that of a record that is gone, or not visible to the reader: no name may be shown with it. */
export const isNeutral = ({ path }: NotificationText): boolean => path === NEUTRAL_PATH;

const NEUTRAL_PATH = "/notifications";

interface MailText {
  kind: string;
  title: string;
  text: string;
  url: string;
}

/**
 * The same for the mail about one notification. Null if the notification or its record is gone, or no longer visible to
 * its user. `shown` turns a name that others have chosen into one that a mail may show, or into an empty one.
 */
export const findNotificationText = async (
  prisma: Db,
  publicUrl: string,
  id: string,
  shown: Shown,
): Promise<MailText | null> => {
  const notification = await prisma.notification.findUnique({ where: { id } });
  if (!notification) return null;
  const found = (await describe(prisma, [notification], shown)).get(id);
  if (!found) return null;
  const { title, text, path } = found;
  return { kind: notification.kind, title, text, url: `${publicUrl}${path}` };
};

/** The texts of those whose record is visible to their user. */
const describe = async (
  prisma: Db,
  notifications: readonly About[],
  shown: Shown,
): Promise<Map<string, NotificationText>> => {
  const actorOf = await loadActors(prisma, notifications, shown);
  const texts = new Map<string, NotificationText>();
  for (const [kind, group] of Map.groupBy(notifications, (each) => each.kind)) {
    if (!isKind(kind)) continue; // of a version of the code that is newer or older
    const ids = unique(group.map(({ recordId }) => recordId));
    const readers = unique(group.map(({ userId }) => userId));
    const find = await sources[kind].load(prisma, { ids, readers, shown });
    for (const each of group) {
      const text = each.recordId && find(each.recordId, each.userId, actorOf(each));
      if (text) texts.set(each.id, { ...text, title: inOneLine(text.title), text: inOneLine(text.text) });
    }
  }
  return texts;
};

const loadActors = async (prisma: Db, notifications: readonly About[], shown: Shown) => {
  const ids = unique(notifications.map(({ actorId }) => actorId));
  const rows =
    ids.length > 0
      ? await prisma.user.findMany({ where: { id: { in: ids } }, select: { id: true, name: true } })
      : [];
  const names = new Map(rows.map(({ id, name }) => [id, shown(name)]));
  return ({ actorId }: About) => (actorId && names.get(actorId)) || "Someone";
};

const neutral = (kind: string): NotificationText => ({
  title: isKind(kind) ? sources[kind].title : "Something happened",
  text: "It is no longer available.",
  path: NEUTRAL_PATH,
});

/** Names may contain line breaks, which would end a mail's subject, and characters that turn the text around. */
const inOneLine = (text: string) => text.replaceAll(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, " ").trim();

const unique = (ids: readonly (string | null)[]) => [...new Set(ids.filter((id) => id !== null))];
