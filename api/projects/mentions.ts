import type { Tx } from "../../infra/database.ts";
import type { Enqueue } from "../../workers/core/index.ts";
import { announce } from "../http/announce.ts";

interface Member {
  userId: string;
  name: string;
}

/** People that one comment may notify. */
const LARGEST = 20;

/**
 * Notifies the members whom a comment mentions, each once for the whole life of the comment, and never its author. Call
 * it when the comment is written, so that its row is locked.
 */
export const announceMentions = async (
  scope: { tx: Tx; enqueue: Enqueue },
  { id, taskId, authorId, body }: { id: string; taskId: string; authorId: string; body: string },
): Promise<void> => {
  if (!body.includes("@")) return;
  const { tx } = scope;
  const members = await tx.projectMember.findMany({
    where: { project: { tasks: { some: { id: taskId } } }, userId: { not: authorId } },
    select: { userId: true, user: { select: { name: true } } },
  });
  const mentioned = findMentions(
    body,
    members.map(({ userId, user }) => ({ userId, name: user.name })),
  );
  if (mentioned.length === 0) return;
  // The kind is a literal, so that the index of mentions is used.
  const notified = await tx.$queryRaw<{ userId: string }[]>`
    SELECT "userId" FROM "Notification" WHERE "recordId" = ${id}::uuid AND kind = 'mention'`;
  const before = new Set(notified.map(({ userId }) => userId));
  const room = Math.max(0, LARGEST - before.size);
  const added = mentioned.filter((userId) => !before.has(userId)).slice(0, room);
  for (const userId of added.toSorted())
    await announce(scope, { userId, kind: "mention", recordId: id, actorId: authorId });
};

/**
 * The members whose names follow an @ in a text, such as `@Ada Lovelace`, in the order of the text. Where several names
 * fit, the longest counts, whatever its case. It means all members who have it. An @ inside a word, as in an address,
 * is not a mention.
 */
export const findMentions = (text: string, members: readonly Member[]): string[] => {
  const byName = Map.groupBy(members, ({ name }) => keyOf(name));
  const names = [...byName.keys()].filter((name) => name !== "").sort((a, b) => b.length - a.length);
  if (names.length === 0) return [];
  const anyName = names.map((name) => name.replaceAll(SYNTAX, "\\$&").replaceAll(" ", "\\s+")).join("|");
  const mention = new RegExp(`(?<![\\p{L}\\p{N}\\p{M}_])@(${anyName})(?![\\p{L}\\p{N}\\p{M}_])`, "gu");
  const found = [...text.normalize().toLowerCase().matchAll(mention)].map(([, name = ""]) => keyOf(name));
  return [...new Set(found)].flatMap((name) => byName.get(name) ?? []).map(({ userId }) => userId);
};

/** What a regular expression would not read as itself. */
const SYNTAX = /[$()*+./?[\\\]^{|}]/g;

/** Equal for the same name, whatever its case, its composition and its spaces. */
const keyOf = (name: string) => name.normalize().trim().replaceAll(/\s+/g, " ").toLowerCase();
