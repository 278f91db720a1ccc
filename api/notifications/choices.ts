import { z } from "zod";
import { isKind, kinds, requiredMails, type Channels, type Kind } from "../../infra/notifications/kinds.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { invalidField } from "../http/problem.ts";

const names = Object.keys(kinds).filter(isKind);
const kind = z.enum(names);

const isWanted = z.boolean("Enter true or false.");
const channels = z.object({
  inApp: isWanted.describe("In the list, and live on open pages."),
  push: isWanted,
  mail: isWanted,
});

const choice = channels.extend({
  kind,
  label: z.string(),
  mailRequired: z.boolean().describe("Whether this mail is sent in any case."),
});

const labels: Record<Kind, string> = {
  "report-ready": "A report of yours is ready",
  "report-failed": "A report of yours could not be made",
  "upload-ready": "A file of yours is ready",
  "upload-failed": "A file of yours could not be processed",
  "task-assigned": "You are assigned a task",
  mention: "You are mentioned in a comment",
  "new-sign-in": "Your account is used with a new browser",
  "export-ready": "Your data is ready to download",
  "deletion-scheduled": "Your account will be deleted",
};

/**
 * Where a user wants the notifications of each kind. A channel that the account has turned off as a whole (PATCH
 * /v1/me, or the link in a mail) stays off.
 */
export const notificationChoiceRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "get",
      path: "/v1/notification-choices",
      summary: "List where you want which notifications",
      access: "user",
      status: 200,
      response: z.object({ items: z.array(choice) }),
    },
    async ({ session: { userId } }) => {
      const rows = await prisma.notificationChoice.findMany({ where: { userId } });
      const chosen = new Map(rows.map((row) => [row.kind, row]));
      return { items: names.map((name) => toChoice(name, chosen.get(name) ?? kinds[name])) };
    },
  ),

  route(
    {
      method: "put",
      path: "/v1/notification-choices/:kind",
      summary: "Choose where you want the notifications of one kind",
      access: "user",
      params: z.object({ kind }),
      body: channels,
      status: 200,
      response: choice,
    },
    async ({ session: { userId }, params, body, transaction }) => {
      if (requiredMails.has(params.kind) && !body.mail)
        throw invalidField("mail", "This mail is required and cannot be turned off.");
      return transaction(async ({ tx }) => {
        const where = { userId_kind: { userId, kind: params.kind } };
        const create = { userId, kind: params.kind, ...body };
        return toChoice(params.kind, await tx.notificationChoice.upsert({ where, create, update: body }));
      });
    },
  ),
];

const toChoice = (name: Kind, { inApp, push, mail }: Channels): z.input<typeof choice> => {
  const mailRequired = requiredMails.has(name);
  return { kind: name, label: labels[name], inApp, push, mail: mail || mailRequired, mailRequired };
};
