/** The ways in which a notification can reach its user. */
export interface Channels {
  /** In the list, and live on every open page. */
  inApp: boolean;
  /** To the user's devices. */
  push: boolean;
  mail: boolean;
}

const everywhere: Channels = { inApp: true, push: true, mail: true };
const withoutMail: Channels = { inApp: true, push: true, mail: false };

/** Everything that users are notified about, with the channels of a user who has not chosen others. */
export const kinds = {
  "report-ready": everywhere,
  "report-failed": withoutMail,
  "upload-ready": withoutMail,
  "upload-failed": withoutMail,
  "task-assigned": everywhere,
  mention: everywhere,
  "new-sign-in": everywhere,
  "export-ready": everywhere,
  "deletion-scheduled": everywhere,
} as const satisfies Record<string, Channels>;

export type Kind = keyof typeof kinds;

export const isKind = (name: string): name is Kind => Object.hasOwn(kinds, name);

/** Their mail is sent in any case: the account may be at risk. */
export const requiredMails: ReadonlySet<Kind> = new Set<Kind>(["deletion-scheduled"]);

/** Their mail has a template of its own, with their name and about their record. The others share `notification`. */
const ownMails = [
  "report-ready",
  "new-sign-in",
  "export-ready",
  "deletion-scheduled",
] as const satisfies readonly Kind[];

/** What the job of the mail about a notification needs. */
export const mailAbout = (
  notificationId: string,
  { userId, kind, recordId }: { userId: string; kind: Kind; recordId?: string },
) => {
  const template = ownMails.find((own) => own === kind);
  return template && recordId
    ? { template, userId, recordId }
    : { template: "notification" as const, userId, recordId: notificationId };
};
