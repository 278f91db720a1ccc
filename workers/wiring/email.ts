import { fileURLToPath } from "node:url";
import { createLinks } from "../../infra/links.ts";
import { createMailer } from "../../infra/mail.ts";
import { needsTls } from "../../infra/smtp-url.ts";
import { createRenderer } from "../../infra/templates.ts";
import { defineWorker } from "../core/index.ts";
import { createEvidence } from "../email/evidence.ts";
import { sendEmail } from "../email/handler.ts";
import { email } from "../email/job.ts";
import type { Infrastructure } from "./infrastructure.ts";

const templates = fileURLToPath(new URL("../../templates/compiled", import.meta.url));

export const wire = ({ config, prisma, onClose }: Infrastructure) => {
  const mailer = createMailer(config.smtpUrl, config.mailFrom, { requireTls: needsTls(config) });
  onClose(mailer.close);
  return defineWorker(
    email,
    sendEmail({
      findUser: (id) =>
        prisma.user.findUnique({
          where: { id },
          select: { email: true, name: true, verifiedAt: true, zone: true, notifyByMail: true },
        }),
      findVerification: (id) => prisma.emailVerification.findUnique({ where: { id } }),
      findReset: (id) => prisma.passwordReset.findUnique({ where: { id } }),
      findSession: (id) => prisma.session.findUnique({ where: { id } }),
      findInvitation: (id) =>
        prisma.invitation.findUnique({
          where: { id },
          select: { email: true, expiresAt: true, project: { select: { name: true } } },
        }),
      links: createLinks(config.publicUrl, config.appSecret),
      render: createRenderer(templates),
      send: mailer.send,
      evidence: createEvidence(),
    }),
  );
};
