import { z } from "zod";
import { defineJob } from "../core/job.ts";

const template = z.enum([
  "verification",
  "account-exists",
  "welcome",
  "password-reset",
  "password-changed",
  "new-sign-in",
]);

export type Template = z.infer<typeof template>;

/** Mails one template to one user. `subject` is the id of the record that the mail is about: see mails.ts. */
export const email = defineJob({
  name: "email",
  payload: z.object({ template, userId: z.uuid(), subject: z.uuid().optional() }),
  attempts: 20,
  backoff: { delay: 1_000, max: 600_000, jitter: 0.5 },
  limit: { max: 14, per: 1_000 },
  timeout: 60_000,
  concurrency: 10,
});
