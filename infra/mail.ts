import { createTransport } from "nodemailer";

export interface Message {
  /** Who repeats a send repeats the id: it becomes the Message-ID, by which mailboxes recognise a repetition. */
  id: string;
  /** One address, and nothing but an address. */
  to: string;
  subject: string;
  text: string;
  html: string;
  /** Where one POST stops mails of this kind: becomes List-Unsubscribe, RFC 8058. Only for mails one may refuse. */
  unsubscribe?: string;
}

/** As many as the email job runs at the same time, so that no mail waits in a queue that the job's timeout cannot see. */
const CONNECTIONS = 10;

/**
 * A pool of SMTP connections to `url` (`smtp://` or `smtps://user:password@host:port`), opened at the first send.
 * `from` is the sender: `Name <address>`.
 *
 * A send resolves when the server took the mail, and gives up after 10 s without a connection, 10 s without a greeting
 * or 30 s of silence. It never repeats by itself: retries belong to the job, where they are counted and seen.
 */
export const createMailer = (url: string, from: string) => {
  const domain = /@([^\s@<>]+)>?$/.exec(from)?.[1];
  if (!domain) throw new TypeError("the sender needs an address");
  const transport = createTransport({
    url,
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
    /** @throws an error of nodemailer, which names the recipient: keep it out of logs (see workers/email/failure.ts) */
    send: async (
      { id, to, subject, text, html, unsubscribe }: Message,
      signal?: AbortSignal,
    ): Promise<void> => {
      await transport.sendMail({
        messageId: `<${id}@${domain}>`,
        from,
        // As an object: in a string, a comma would make two recipients of it.
        to: { name: "", address: to },
        subject,
        text,
        html,
        // RFC 3834: holiday notes and the like do not answer.
        headers: { "Auto-Submitted": "auto-generated", ...(unsubscribe && oneClick(unsubscribe)) },
        ...(signal && { signal }),
      });
    },
    /** Closes idle connections at once, others after the mail they carry. */
    close: (): void => transport.close(),
  };
};

const oneClick = (url: string) => ({
  "List-Unsubscribe": `<${url}>`,
  "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
});
