import { z } from "zod";
import { defineJob } from "../core/job.ts";

const at = <Name extends string>(priority: number, ...names: Name[]) =>
  Object.fromEntries(names.map((name) => [name, priority])) as Record<Name, number>;

/** Each mail and its priority: 0 if a user is waiting for it, 1 for warnings, 10 for the rest. */
const priorities = {
  ...at(0, "verification", "account-exists", "password-reset"),
  ...at(1, "password-changed", "new-sign-in", "deletion-scheduled", "deletion-cancelled"),
  ...at(10, "welcome", "report-ready", "export-ready", "invitation", "notification", "account-deleted"),
};

export type Template = keyof typeof priorities;

// `subject` is the old name of `recordId`: jobs enqueued by older code may still be in the ledger (see README.md).
const id = z.uuid().optional();
const payload = z
  .object({ template: z.enum(Object.keys(priorities) as Template[]), userId: id, recordId: id, subject: id })
  .refine(({ template, userId }) => userId !== undefined || template === "account-deleted", "needs a userId")
  .transform(({ subject, ...rest }) => ({ ...rest, recordId: rest.recordId ?? subject }));

/** Sends one mail to one user, or on behalf of one. `recordId` is the record that the mail is about (see mails.ts). */
export const email = defineJob({
  name: "email",
  payload,
  priority: ({ template }) => priorities[template],
  attempts: 90, // about 13 hours: a wrong setting may go unnoticed for an afternoon (see README.md)
  rateLimit: { max: 14, per: 1_000 },
});
