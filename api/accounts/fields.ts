import { z } from "zod";

/** The fields that several account routes share. */
export const email = z
  .string("Give an e-mail address.")
  .trim()
  .max(254, "At most 254 characters.")
  .regex(/^.{0,64}(@|$)/, "At most 64 characters before the @.") // RFC 5321, 4.5.3.1.1
  // In this order: a Kelvin sign would become a k in lower case, and one address another.
  .pipe(z.email("This is not an e-mail address.").toLowerCase())
  .meta({ format: "email", examples: ["ada@example.com"] });

export const name = z
  .string("Give a name.")
  .trim()
  .min(1, "Give a name.")
  .max(100, "At most 100 characters.");

export const newPassword = z
  .string("Give a password.")
  .min(10, "At least 10 characters.")
  .max(200, "At most 200 characters.");

/** To compare with, so that whoever has one knows its form. */
export const password = z
  .string("Give the password.")
  .min(1, "Give the password.")
  .max(200, "At most 200 characters.");

export const token = z.string("Give the token from the mail.").min(1).max(200);
