import { PermanentError } from "../core/index.ts";
import type { Template } from "./job.ts";

export interface User {
  email: string;
  name: string;
  verifiedAt: Date | null;
  /** IANA name. */
  zone: string;
  /** False after the user has unsubscribed from optional mails. */
  notifyByMail: boolean;
  /** The kinds of notifications of which the user wants no mail. */
  refusedMails: readonly string[];
}

/** The record of a link that works once. */
interface OneTimeLink {
  expiresAt: Date;
  usedAt: Date | null;
}

export interface Attachment {
  filename: string;
  contentType: string;
  content: Buffer;
}

/** A report that is ready, and whose user may still read it. */
interface ReadyReport {
  project: string;
  /** Such as "Week 47". */
  period: string;
  filename: string;
  bytes: number;
  /** Whether its user wants the file in the mail. */
  attach: boolean;
}

/** An export that can be downloaded. */
interface ReadyExport {
  bytes: number;
  expiresAt: Date;
}

/** What the mails load in addition to the user, and the targets of their buttons. */
export interface Sources {
  /** With the name in its sign-up; absent or null if it has none. */
  findVerification(id: string): Promise<(OneTimeLink & { name?: string | null }) | null>;
  findReset(id: string): Promise<OneTimeLink | null>;
  findSession(id: string): Promise<{ device: string; createdAt: Date } | null>;
  findReport(id: string): Promise<ReadyReport | null>;
  /** Resolves with undefined if the file was deleted. */
  readReport(id: string): Promise<Buffer | undefined>;
  findExport(id: string): Promise<ReadyExport | null>;
  findInvitation(id: string): Promise<{ email: string; expiresAt: Date; project: { name: string } } | null>;
  /** Resolves with null if there is nothing left to open. */
  findNotification(id: string): Promise<{ kind: string; title: string; text: string; url: string } | null>;
  /** A deletion that can still be cancelled. */
  findDeletion(id: string): Promise<{ dueAt: Date } | null>;
  /**
   * The address of a deleted account, which is kept until its last mail was sent; undefined afterwards.
   * @throws PermanentError if it cannot be read any more
   */
  findDeletedAddress(deletionId: string): Promise<string | undefined>;
  links: {
    verifyEmail(verificationId: string): string;
    verificationCode(verificationId: string): string;
    resetPassword(resetId: string): string;
    forgotPassword(): string;
    acceptInvitation(invitationId: string): string;
    login(): string;
    report(reportId: string): string;
    keepAccount(deletionId: string): string;
    exports(): string;
    unsubscribe(userId: string): string;
  };
}

/**
 * The values that a template needs, and the recipient if it is not the user; or the reason why the mail is no longer
 * needed.
 */
type Content = { data: Record<string, string>; to?: string; attachments?: Attachment[] } | { skip: string };

type Mail = (user: User, recordId: string | undefined, sources: Sources) => Promise<Content>;

export const mails: Record<Template, Mail> = {
  verification: async (user, recordId, { findVerification, links }) => {
    const id = required(recordId);
    if (user.verifiedAt) return { skip: "already verified" };
    const verification = await findVerification(id);
    const skip = skipReason(verification);
    if (skip) return { skip };
    const name = greetingName(verification?.name ?? user.name);
    return { data: { name, url: links.verifyEmail(id), code: links.verificationCode(id) } };
  },

  "account-exists": async (_user, _recordId, { links }) => ({
    data: { url: links.login(), forgotUrl: links.forgotPassword() },
  }),

  welcome: async (_user, _recordId, { links }) => ({ data: { url: links.login() } }),

  "password-reset": async (_user, recordId, { findReset, links }) => {
    const id = required(recordId);
    const skip = skipReason(await findReset(id));
    return skip ? { skip } : { data: { url: links.resetPassword(id) } };
  },

  // Always needed: a user who did not change the password must be informed.
  "password-changed": async (_user, _recordId, { links }) => ({ data: { url: links.forgotPassword() } }),

  "new-sign-in": async ({ zone }, recordId, { findSession, links }) => {
    const session = await findSession(required(recordId));
    if (!session) return { skip: "the session has ended" };
    const { device, createdAt } = session;
    return { data: { device, time: localTime(createdAt, zone), url: links.forgotPassword() } };
  },

  "report-ready": async (_user, recordId, { findReport, readReport, links }) => {
    const id = required(recordId);
    const report = await findReport(id);
    if (!report) return { skip: "the report was deleted, or its user left the project" };
    const { project, period, filename, bytes } = report;
    const isTooLarge = report.attach && bytes > MAX_ATTACHMENT;
    const content = report.attach && !isTooLarge ? await readReport(id) : null;
    if (content === undefined) return { skip: "the report was deleted" };
    const note = isTooLarge ? TOO_LARGE : content ? ATTACHED : NOT_ATTACHED;
    return {
      data: { project: greetingName(project) || "your project", period, note, url: links.report(id) },
      ...(content && { attachments: [{ filename, contentType: "application/pdf", content }] }),
    };
  },

  "export-ready": async ({ zone }, recordId, { findExport, links }) => {
    const found = await findExport(required(recordId));
    if (!found) return { skip: "the export was deleted, or has expired" };
    const data = { size: sizeOf(found.bytes), until: localTime(found.expiresAt, zone), url: links.exports() };
    return { data };
  },

  notification: async ({ refusedMails }, recordId, { findNotification }) => {
    const found = await findNotification(required(recordId));
    if (!found) return { skip: "what it is about was deleted, or is no longer visible to the user" };
    const { kind, ...data } = found;
    return refusedMails.includes(kind) ? { skip: NOT_WANTED } : { data };
  },

  "deletion-scheduled": async ({ zone }, recordId, { findDeletion, links }) => {
    const id = required(recordId);
    const deletion = await findDeletion(id);
    if (!deletion) return { skip: "the deletion was cancelled, or has begun" };
    return { data: { time: localTime(deletion.dueAt, zone), url: links.keepAccount(id) } };
  },

  "deletion-cancelled": async (_user, _recordId, { links }) => ({ data: { url: links.forgotPassword() } }),

  // To the address that the account had.
  "account-deleted": async (_user, recordId, { findDeletedAddress }) => {
    const to = await findDeletedAddress(required(recordId));
    return to === undefined ? { skip: "it was sent" } : { to, data: { name: "" } };
  },

  // To the invited address, which may have no account. The user is the one who invites.
  invitation: async (user, recordId, { findInvitation, links }) => {
    const id = required(recordId);
    const invitation = await findInvitation(id);
    if (!invitation) return { skip: "the invitation was accepted or revoked" };
    if (invitation.expiresAt <= new Date()) return { skip: "the invitation has expired" };
    const inviter = greetingName(user.name) || "Someone";
    const project = greetingName(invitation.project.name) || "a project";
    return { to: invitation.email, data: { name: "", inviter, project, url: links.acceptInvitation(id) } };
  },
};

/** Users can unsubscribe from these, also with one click. The others are required by the account. */
export const optionalMails: ReadonlySet<Template> = new Set<Template>([
  "new-sign-in",
  "report-ready",
  "export-ready",
  "notification",
]);

export const NOT_WANTED = "the user wants no such mails";

/** Bytes. Larger mails are refused by some servers. Each mail that is sent at the same time holds its attachment. */
const MAX_ATTACHMENT = 5_000_000;

const ATTACHED = "The PDF is attached.";
const NOT_ATTACHED = "Log in with this email address to read it.";
const TOO_LARGE = `The PDF is too large to attach. ${NOT_ATTACHED}`;

const skipReason = (link: OneTimeLink | null): string | undefined => {
  if (!link || link.usedAt) return "the link was used or revoked";
  return link.expiresAt <= new Date() ? "the link has expired" : undefined;
};

/** 34 MB, and at least 1 MB. */
const sizeOf = (bytes: number) => `${Math.ceil(bytes / 1e6 || 1).toLocaleString("en-GB")} MB`;

/** 24 November 2026 at 09:00 CET */
const localTime = (date: Date, timeZone: string) =>
  new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
    timeZone,
  }).format(date);

/**
 * A name to show in a mail; empty when it looks like a link. Anyone can sign up or invite with any address, and mail
 * clients would show its owner a name like "win at evil.example" as a link.
 */
export const greetingName = (name: string) => (LOOKS_LIKE_A_LINK.test(name) ? "" : name);

const LOOKS_LIKE_A_LINK = /:\/\/|[\p{L}\p{N}]\.[\p{L}\p{N}]{2}/u;

/** @throws PermanentError if it is missing */
export const required = (recordId: string | undefined) => {
  if (!recordId) throw new PermanentError("the payload has no recordId, which the template requires");
  return recordId;
};
