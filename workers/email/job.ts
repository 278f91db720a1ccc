import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Each mail and its priority: 0 if a user is waiting for it, 1 for warnings, 10 for the rest. */
const priorities = {
  verification: 0,
  "account-exists": 0,
  welcome: 10,
  "password-reset": 0,
  "password-changed": 1,
  "new-sign-in": 1,
  invitation: 10,
};

export type Template = keyof typeof priorities;

const template = z.enum(Object.keys(priorities) as Template[]);

// `subject` is the old name of `recordId`: jobs enqueued by older code may still be in the ledger (see README.md).
const payload = z
  .object({ template, userId: z.uuid(), recordId: z.uuid().optional(), subject: z.uuid().optional() })
  .transform(({ subject, ...rest }) => ({ ...rest, recordId: rest.recordId ?? subject }));

/** Sends one mail to one user, or on behalf of one. `recordId` is the record that the mail is about (see mails.ts). */
export const email = defineJob({
  name: "email",
  payload,
  priority: ({ template }) => priorities[template],
  attempts: 90, // about 13 hours: a wrong setting may go unnoticed for an afternoon (see README.md)
  rateLimit: { max: 14, per: 1_000 },
});
