import { createTransport } from "nodemailer";
import { parseSender } from "./sender.ts";
import { checkSmtpUrl, needsTls } from "./smtp-url.ts";

export interface Message {
  /** Becomes the Message-ID. Use the same id to repeat a send, so that mail clients recognise the repetition. */
  id: string;
  /** One address, without a name. */
  to: string;
  subject: string;
  text: string;
  html: string;
  /** The URL of one-click unsubscribing (List-Unsubscribe, RFC 8058). Only for optional mails. */
  unsubscribe?: string;
}

interface Options {
  /** Whether to fail rather than send unencrypted. By default, if the URL has a password and names another machine. */
  requireTls?: boolean;
}

/** Equal to the email job's `concurrency`, so that no mail waits for a connection during its run. */
const CONNECTIONS = 10;

/**
 * A pool of SMTP connections to `url` (`smtp://` or `smtps://user:password@host:port`), opened at the first send.
 * `from` is the sender: `Name <address>`.
 *
 * With `smtp://` it encrypts if the server offers STARTTLS, with `smtps://` always; it checks the certificate.
 *
 * A send resolves when the server has accepted the mail, and fails after 10 s without a connection, 10 s without a
 * greeting or 30 s of silence. It never retries: that is done by the job, where retries are counted and visible.
 * @throws TypeError if the URL or the sender is invalid
 */
export const createMailer = (
  url: string,
  from: string,
  { requireTls = needsTls({ smtpUrl: url }) }: Options = {},
) => {
  const { name, address, domain } = parseSender(from);
  const transport = createTransport({
    // Its parameters override the options below.
    url: checkSmtpUrl(url),
    ...(requireTls && { requireTLS: true }),
    pool: true,
    maxConnections: CONNECTIONS,
    maxRequeues: 0,
    dnsTimeout: 10_000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });

  return {
    /**
     * @throws nodemailer's errors, which contain the recipient: do not log them (see workers/email/failure.ts). ETLS:
     * the server does not encrypt.
     */
    send: async (
      { id, to, subject, text, html, unsubscribe }: Message,
      signal?: AbortSignal,
    ): Promise<void> => {
      await transport.sendMail({
        messageId: `<${id}@${domain}>`,
        from: { name, address },
        // As an object: in a string, a comma would separate two recipients.
        to: { name: "", address: to },
        subject,
        text,
        html,
        // RFC 3834: prevents automatic replies.
        headers: { "Auto-Submitted": "auto-generated", ...(unsubscribe && oneClick(unsubscribe)) },
        ...(signal && { signal }),
      });
    },
    /** Closes idle connections at once, others after their current mail. */
    close: (): void => transport.close(),
  };
};

const oneClick = (url: string) => ({
  "List-Unsubscribe": `<${url}>`,
  "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
});
