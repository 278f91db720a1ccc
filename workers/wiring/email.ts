import { fileURLToPath } from "node:url";
import { buffer } from "node:stream/consumers";
import type { Tx } from "../../infra/database.ts";
import { createLinks } from "../../infra/links.ts";
import { createMailer } from "../../infra/mail.ts";
import { findNotificationText } from "../../infra/notifications/texts.ts";
import { reportKey } from "../../infra/report-file.ts";
import { needsTls } from "../../infra/smtp-url.ts";
import { ObjectMissingError } from "../../infra/storage/storage.ts";
import { createRenderer } from "../../infra/templates.ts";
import { defineWorker } from "../core/index.ts";
import { createEvidence } from "../email/evidence.ts";
import { sendEmail } from "../email/handler.ts";
import { email } from "../email/job.ts";
import { greetingName } from "../email/mails.ts";
import { callsTo } from "./calls.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { findDeletedAddress } from "./deleted-address.ts";
import { findReadyExport } from "./ready-export.ts";
import { findReadyReport } from "./ready-report.ts";

const templates = fileURLToPath(new URL("../../templates/compiled", import.meta.url));

export const wire = ({ config, prisma, storage, onClose }: Infrastructure) => {
  const mailer = createMailer(config.smtpUrl, config.mailFrom, { requireTls: needsTls(config) });
  onClose(mailer.close);
  const sending = callsTo("SMTP send", config.smtpUrl);
  return defineWorker(
    email,
    sendEmail<Tx>({
      findUser: async (id) => {
        const select = {
          ...{ email: true, name: true, verifiedAt: true, zone: true, notifyByMail: true, closedAt: true },
        } as const;
        const choices = { where: { mail: false }, select: { kind: true } };
        const found = await prisma.user.findUnique({ where: { id }, select: { ...select, choices } });
        return found && { ...found, refusedMails: found.choices.map(({ kind }) => kind) };
      },
      findVerification: (id) => prisma.emailVerification.findUnique({ where: { id } }),
      findReset: (id) => prisma.passwordReset.findUnique({ where: { id } }),
      findSession: (id) => prisma.session.findUnique({ where: { id } }),
      findReport: (id) => findReadyReport(prisma, id),
      readReport: (id) => storage.read(reportKey(id)).then(buffer, undefinedIfMissing),
      findExport: (id) => findReadyExport(prisma, id),
      findInvitation: (id) =>
        prisma.invitation.findUnique({
          where: { id },
          select: { email: true, expiresAt: true, project: { select: { name: true } } },
        }),
      findDeletion: (id) =>
        prisma.accountDeletion.findUnique({ where: { id, startedAt: null }, select: { dueAt: true } }),
      findDeletedAddress: findDeletedAddress(prisma, config.appSecret),
      forgetAddress: (tx, id) =>
        tx.accountDeletion.updateMany({ where: { id }, data: { sealedAddress: null } }),
      findNotification: (id) => findNotificationText(prisma, config.publicUrl, id, greetingName),
      links: createLinks(config.publicUrl, config.appSecret),
      render: createRenderer(templates),
      send: (message, signal) => sending(() => mailer.send(message, signal)),
      evidence: createEvidence(),
    }),
  );
};

const undefinedIfMissing = (error: unknown): undefined => {
  if (!(error instanceof ObjectMissingError)) throw error;
};
