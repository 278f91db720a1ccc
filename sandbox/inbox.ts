import { createHash, randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { domainToASCII } from "node:url";
import { type ParsedMail, simpleParser } from "mailparser";

/** A mail as one recipient gets it. */
export interface Message {
  id: string;
  to: string;
  from: string;
  subject: string;
  text: string;
  html: string;
  messageId: string;
  receivedAt: string;
  /** Without their content, which would fill the memory. */
  attachments: { filename: string; contentType: string; bytes: number; sha256: string }[];
}

/** Which system sent a mail: ours, or its monitoring. */
type Source = "application" | "alert";

export interface StoredMessage {
  message: Message;
  headers: string;
  source: Source;
}

/** The mails received, in memory. Beyond the capacity, the oldest are dropped. */
export class Inbox extends EventEmitter<{ change: [] }> {
  #stored: StoredMessage[] = [];
  readonly #capacity: number;

  constructor(capacity = 10_000) {
    super();
    this.#capacity = capacity;
  }

  /** Stores one copy for each recipient of the envelope. */
  async deliver(raw: Buffer, recipients: string[], source: Source = "application"): Promise<void> {
    const mail = await simpleParser(raw, { skipTextToHtml: true, skipTextLinks: true, skipHtmlToText: true });
    const headers = mail.headerLines.map(({ line }) => line).join("\n");
    this.#stored.push(...recipients.map((to) => ({ message: describe(mail, to), headers, source })));
    this.#stored.splice(0, this.#stored.length - this.#capacity);
    this.emit("change");
  }

  /** Newest first. */
  all(): Message[] {
    return this.#stored.map(({ message }) => message).reverse();
  }

  /** Mails of the application received since a time. A mail that came again has the same Message-ID and recipient. */
  count(since: Date): { received: number; distinct: number; repeated: number } {
    const received = this.#stored.filter(
      ({ message, source }) => source === "application" && Date.parse(message.receivedAt) >= since.getTime(),
    );
    const { size } = new Set(received.map(({ message }) => `${message.messageId} ${message.to}`));
    return { received: received.length, distinct: size, repeated: received.length - size };
  }

  find(id: string): StoredMessage | undefined {
    return this.#stored.find(({ message }) => message.id === id);
  }

  clear(): void {
    this.#stored = [];
    this.emit("change");
  }
}

/** An address as it is on the wire: smtp-server converts internationalised domains to Unicode. */
export const toAscii = (address: string): string => {
  const [local, domain] = address.split(/@(?=[^@]*$)/);
  return domain && /\P{ASCII}/u.test(domain) ? `${local}@${domainToASCII(domain) || domain}` : address;
};

const describe = (mail: ParsedMail, to: string): Message => ({
  id: randomUUID(),
  to,
  from: sender(mail),
  subject: mail.subject ?? "",
  text: mail.text ?? "",
  html: mail.html || "",
  messageId: mail.messageId ?? "",
  receivedAt: new Date().toISOString(),
  attachments: mail.attachments.map(({ filename = "", contentType, content }) => ({
    ...{ filename, contentType, bytes: content.length },
    sha256: createHash("sha256").update(content).digest("hex"),
  })),
});

const sender = ({ from }: ParsedMail) => {
  const { name, address } = from?.value[0] ?? {};
  return name ? `${name} <${address}>` : (address ?? "");
};
