import { z } from "zod";
import { parseAddress } from "./address.ts";

/** Lower case, as PostgreSQL prints it: job payloads contain it as text. */
export const id = z.object({ id: z.uuid().toLowerCase() });

/** A Date from the database, or from a stored response as a string. Sent as ISO 8601 in UTC. */
export const timestamp = z
  .union([z.date(), z.string()])
  .transform((date) => new Date(date).toISOString())
  .pipe(z.iso.datetime());

export const token = z.string("Enter the token from the email.").min(1).max(200);

export const message = z.object({ message: z.string() });

/** An email address in both of its forms. */
export const address = z
  .string("Enter an email address.")
  .trim()
  .meta({
    format: "email",
    description:
      "At most 254 characters, in ASCII before the @. The domain may be in Unicode or in its ASCII form.",
    examples: ["ada@example.com"],
  })
  .transform((typed, { addIssue }) => {
    const parsed = parseAddress(typed);
    if (!("problem" in parsed)) return parsed;
    addIssue({ code: "custom", message: parsed.problem });
    return z.NEVER;
  });

/** The address of an account, in the form in which accounts and limits have it. */
export const email = address.transform(({ email }) => email);

type Given<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

/** Removes fields that the request does not set, so that they keep their values. */
export const given = <Fields extends object>(fields: Fields): Given<Fields> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<Fields>;

/** Accepts time zones that this machine has rules for. An offset such as +01:00 ignores daylight saving time. */
const isZone = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return /^[A-Za-z]/.test(zone);
  } catch {
    return false;
  }
};

export const zone = z.string().max(64).refine(isZone, "Enter a time zone such as Europe/Warsaw.");
