import type { Payload, Run } from "../core/index.ts";
import type { Sending } from "./evidence.ts";
import { classifySendError } from "./failure.ts";
import type { email } from "./job.ts";
import { greetingName, mails, NOT_WANTED, optionalMails } from "./mails.ts";
import type { Attachment, Sources, User } from "./mails.ts";

interface Rendered {
  subject: string;
  text: string;
  html: string;
}

export interface Deps extends Sources {
  findUser(id: string): Promise<User | null>;
  render(template: string, data: Record<string, string>): Rendered;
  /** Resolves when the provider has accepted the mail. A repeated mail has the same `id`. */
  send(
    message: Rendered & { id: string; to: string; unsubscribe?: string; attachments?: Attachment[] },
    signal: AbortSignal,
  ): Promise<void>;
  /** What the provider accepts and refuses, by recipient: see evidence.ts. */
  evidence: { begin(recipient: string): Sending };
}

export const sendEmail =
  ({ findUser, render, send, evidence, ...sources }: Deps) =>
  async ({ template, userId, recordId }: Payload<typeof email>, run: Pick<Run, "id" | "signal">) => {
    const user = await findUser(userId);
    if (!user) return "skipped: the user no longer exists";
    const isOptional = optionalMails.has(template);
    if (isOptional && !user.notifyByMail) return "skipped: unsubscribed";
    if (isOptional && user.refusedMails.includes(template)) return `skipped: ${NOT_WANTED}`;

    const content = await mails[template](user, recordId, sources);
    if ("skip" in content) return `skipped: ${content.skip}`;

    const unsubscribe = isOptional && { unsubscribe: sources.links.unsubscribe(userId) };
    const rendered = render(template, { name: greetingName(user.name), ...content.data, ...unsubscribe });
    const { to = user.email } = content;
    const { accepted, refused } = evidence.begin(to);
    const attachments = content.attachments && { attachments: content.attachments };
    const message = { id: run.id, to, ...rendered, ...unsubscribe, ...attachments };
    await send(message, run.signal).catch((error: unknown) => {
      throw classifySendError(error, refused);
    });
    accepted();
    return "sent";
  };
