import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Every mail with its place in the queue: 0 is for people who sit and wait, 1 for warnings, 10 for what can wait. */
const priorities = {
  verification: 0,
  "account-exists": 0,
  welcome: 10,
  "password-reset": 0,
  "password-changed": 1,
  "new-sign-in": 1,
};

export type Template = keyof typeof priorities;

const template = z.enum(Object.keys(priorities) as Template[]);

/** Mails one template to one user. `subject` is the id of the record that the mail is about: see mails.ts. */
export const email = defineJob({
  name: "email",
  payload: z.object({ template, userId: z.uuid(), subject: z.uuid().optional() }),
  priority: ({ template }) => priorities[template],
  attempts: 20,
  backoff: { delay: 1_000, max: 600_000, jitter: 0.5 },
  rateLimit: { max: 14, per: 1_000 },
  timeout: 60_000,
  concurrency: 10,
});
