import { createTransport } from "nodemailer";
import { createConnections } from "./mail-connections.ts";
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
  /** Held in memory until the mail is sent, so the caller must limit their size. */
  attachments?: { filename: string; contentType: string; content: Buffer }[];
}

interface Options {
  /** Whether to fail rather than send unencrypted. By default, if the URL has a password and names another machine. */
  requireTls?: boolean;
}

/** Equal to the email job's `concurrency`: a mail waits for a connection only if the provider allows fewer. */
const CONNECTIONS = 10;

/** Milliseconds. Short, because other processes may need the connections that the provider allows. */
const IDLE = 5_000;

/**
 * Up to ten SMTP connections to `url` (`smtp://` or `smtps://user:password@host:port`), opened when needed, as many as
 * the provider allows (mail-connections.ts). `from` is the sender: `Name <address>`.
 *
 * With `smtp://` it encrypts if the server offers STARTTLS, with `smtps://` always; it checks the certificate.
 *
 * A send resolves when the server has accepted the mail, and fails after 10 s without a connection, 10 s without a
 * greeting or 30 s of silence. It uses another connection if the first one is refused, or was closed before the mail.
 * It never repeats a mail: that is done by the job, where retries are counted and visible.
 * @throws TypeError if the URL or the sender is invalid
 */
export const createMailer = (
  url: string,
  from: string,
  { requireTls = needsTls({ smtpUrl: url }) }: Options = {},
) => {
  const { name, address, domain } = parseSender(from);
  const options = {
    // Its parameters override the options below.
    url: checkSmtpUrl(url),
    ...(requireTls && { requireTLS: true }),
    pool: true as const,
    maxConnections: 1,
    maxRequeues: 0,
    idleTimeout: IDLE,
    dnsTimeout: 10_000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  const connections = createConnections(() => createTransport(options), CONNECTIONS);

  return {
    /**
     * @throws nodemailer's errors, which contain the recipient: do not log them (see workers/email/failure.ts). ETLS:
     * the server does not encrypt.
     */
    send: async (
      { id, to, subject, text, html, unsubscribe, attachments }: Message,
      signal?: AbortSignal,
    ): Promise<void> => {
      const mail = {
        messageId: `<${id}@${domain}>`,
        from: { name, address },
        // As an object: in a string, a comma would separate two recipients.
        to: { name: "", address: to },
        subject,
        text,
        html,
        // RFC 3834: prevents automatic replies.
        headers: { "Auto-Submitted": "auto-generated", ...(unsubscribe && oneClick(unsubscribe)) },
        ...(attachments && { attachments }),
        ...(signal && { signal }),
      };
      await connections.use((transport) => transport.sendMail(mail), signal);
    },
    /** Closes idle connections at once, others after their current mail. */
    close: (): void => connections.close(),
  };
};

const oneClick = (url: string) => ({
  "List-Unsubscribe": `<${url}>`,
  "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
});
