import { PermanentError } from "../core/errors.ts";
import type { Template } from "./job.ts";

export interface User {
  email: string;
  name: string;
  verifiedAt: Date | null;
}

/** What the mails load, beside the user, and where their buttons lead. */
export interface Sources {
  findVerification(id: string): Promise<{ expiresAt: Date; usedAt: Date | null } | null>;
  links: {
    verifyEmail(verificationId: string): string;
    login(): string;
  };
}

/** The values that a template needs, or the reason why nobody wants the mail any more. */
type Content = { data: Record<string, string> } | { skip: string };

type Mail = (user: User, subject: string | undefined, sources: Sources) => Promise<Content>;

export const mails: Record<Template, Mail> = {
  verification: async (user, subject, { findVerification, links }) => {
    const id = required(subject);
    if (user.verifiedAt) return { skip: "already verified" };
    const verification = await findVerification(id);
    if (!verification || verification.usedAt) return { skip: "the link was withdrawn or used" };
    if (verification.expiresAt <= new Date()) return { skip: "the link has expired" };
    return { data: { url: links.verifyEmail(id) } };
  },

  "account-exists": async (_user, _subject, { links }) => ({ data: { url: links.login() } }),
};

/**
 * The name to greet by, or none. Anyone can sign up with anybody's address, and a name like "win at evil.example" would
 * reach its owner as a link in our mail.
 */
export const greetingName = (name: string) => (LOOKS_LIKE_A_LINK.test(name) ? "" : name);

const LOOKS_LIKE_A_LINK = /:\/\/|[\p{L}\p{N}]\.[\p{L}\p{N}]{2}/u;

const required = (subject: string | undefined) => {
  if (!subject) throw new PermanentError("the job names no subject, which its template needs");
  return subject;
};
