import type { Payload, Run } from "../core/index.ts";
import type { Sending } from "./evidence.ts";
import { classifySendError } from "./failure.ts";
import type { email, Template } from "./job.ts";
import { greetingName, mails, NOT_WANTED, optionalMails, required } from "./mails.ts";
import type { Attachment, Sources, User } from "./mails.ts";

interface Rendered {
  subject: string;
  text: string;
  html: string;
}

export interface Deps<Tx> extends Sources {
  findUser(id: string): Promise<(User & { closedAt?: Date | null }) | null>;
  /** Deletes the address of a deleted account, to which the mail was sent. */
  forgetAddress(tx: Tx, deletionId: string): Promise<unknown>;
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
  <Tx>({ findUser, forgetAddress, ...deps }: Deps<Tx>) =>
  async (payload: Payload<typeof email>, run: Pick<Run<Tx>, "id" | "signal" | "complete">) => {
    if (payload.userId === undefined) {
      const result = await send(deps, payload, noUser, run);
      return run.complete(async (tx) => {
        await forgetAddress(tx, required(payload.recordId));
        return result;
      });
    }
    const user = await findUser(payload.userId);
    if (!user) return "skipped: the user no longer exists";
    if (user.closedAt) return "skipped: the account is being deleted";
    return send(deps, payload, user, run);
  };

/** For the mail that has its recipient from its record. */
const noUser: User = {
  email: "",
  name: "",
  verifiedAt: null,
  zone: "UTC",
  notifyByMail: false,
  refusedMails: [],
};

interface Wanted {
  template: Template;
  userId?: string | undefined;
  recordId: string | undefined;
}

const send = async (
  { render, send: sendMail, evidence, ...sources }: Omit<Deps<never>, "findUser" | "forgetAddress">,
  { template, userId = "", recordId }: Wanted,
  user: User,
  run: Pick<Run, "id" | "signal">,
): Promise<string> => {
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
  await sendMail(message, run.signal).catch((error: unknown) => {
    throw classifySendError(error, refused);
  });
  accepted();
  return "sent";
};
