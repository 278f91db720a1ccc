import { isNeutral, textsOf } from "../../../infra/notifications/texts.ts";
import type { UserTable } from "./read-rows.ts";

const OWN = `t."userId" = $1::uuid`;
const HASH = "the hash of a secret";

export const profile: UserTable = {
  ...{
    file: "profile",
    title: "Profile",
    about: "Your account: your name, your email address and your settings.",
  },
  table: "User",
  columns: [
    ...["id", "email", "shownEmail", "name", "verifiedAt", "createdAt", ["role", "t.role::text"]],
    ...["zone", "notifyByMail", "notifyByPush"],
  ] as UserTable["columns"],
  omitted: { passwordHash: HASH, closedAt: "an account that is closed has no export" },
  where: "t.id = $1::uuid",
};

export const deletion: UserTable = {
  ...{
    file: "deletion",
    title: "Deletion",
    about: "If you have asked for the deletion of your account: when.",
  },
  table: "AccountDeletion",
  columns: ["id", "requestedAt", "dueAt"],
  omitted: {
    userId: "it is the same in all rows",
    jobId: "technical",
    startedAt: "an account whose deletion has begun has no export",
    finishedAt: "an account that is deleted has no export",
    sealedAddress: "an account whose deletion has begun has no export",
    tokenHash: HASH,
    removing: "technical",
    counts: "technical",
  },
  where: OWN,
};

export const sessions: UserTable = {
  ...{
    file: "sessions",
    title: "Sessions",
    about: "Where you are logged in, and when you were last seen there.",
  },
  table: "Session",
  columns: ["id", "device", "createdAt", "lastUsedAt", "expiresAt"],
  omitted: { userId: "it is the same in all rows", tokenHash: HASH, reauthenticatedAt: "technical" },
  where: OWN,
};

export const browsers: UserTable = {
  ...{
    file: "browsers",
    title: "Browsers",
    about: "When browsers that the account knows were first and last used.",
  },
  table: "Device",
  columns: ["createdAt", "lastSeenAt"],
  omitted: { userId: "it is the same in all rows", tokenHash: HASH },
  where: OWN,
  key: [[`t."tokenHash"::text`, "text"]],
};

export const pushDevices: UserTable = {
  ...{ file: "devices", title: "Devices", about: "The phones and browsers that receive your notifications." },
  table: "PushDevice",
  columns: ["id", ["platform", "t.platform::text"], "createdAt"],
  omitted: { userId: "it is the same in all rows", token: "a secret of the device", sentUpTo: "technical" },
  where: OWN,
};

export const choices: UserTable = {
  ...{
    file: "choices",
    title: "Choices",
    about: "How you want to be notified of what, where you have chosen it.",
  },
  table: "NotificationChoice",
  columns: ["kind", "inApp", "push", "mail"],
  omitted: { userId: "it is the same in all rows" },
  where: OWN,
  key: [["t.kind", "text"]],
};

export const notifications: UserTable = {
  ...{
    file: "notifications",
    title: "Notifications",
    about: "What you were notified of, and when you read it.",
  },
  table: "Notification",
  columns: [
    ...["id", "sequence", "kind", "recordId", "actorId", "createdAt", "readAt", "inApp", "push"],
    ["actor", "actor.name"],
  ],
  omitted: { userId: "it is the same in all rows" },
  join: `LEFT JOIN "User" actor ON actor.id = t."actorId"`,
  where: OWN,
  key: [["t.sequence", "int"]],
  complete: async (prisma, userId, rows) => {
    const about = rows.map((row) => ({
      ...{ id: String(row["id"]), userId, kind: String(row["kind"]) },
      ...{ recordId: idOrNull(row["recordId"]), actorId: idOrNull(row["actorId"]) },
    }));
    const texts = await textsOf(prisma, about);
    return rows.map((row) => {
      const found = texts.get(String(row["id"]));
      const actor = found && !isNeutral(found) ? row["actor"] : null;
      return { title: found?.title ?? null, text: found?.text ?? null, ...row, actor };
    });
  },
};

const idOrNull = (id: unknown) => (typeof id === "string" ? id : null);

export const actedOn: UserTable = {
  ...{ file: "caused-notifications", title: "Notifications that you caused" },
  about: "When other users were notified of something that you did, such as a mention. Not whom.",
  table: "Notification",
  columns: ["kind", "recordId", "createdAt"],
  where: `t."actorId" = $1::uuid`,
};
