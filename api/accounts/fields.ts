import { z } from "zod";

/** The fields that several account routes share. */
export const email = z
  .string("Enter an e-mail address.")
  .trim()
  .max(254, "At most 254 characters.")
  .regex(/^.{0,64}(@|$)/, "At most 64 characters before the @.") // RFC 5321, 4.5.3.1.1
  // In this order: a Kelvin sign would become a k in lower case, and one address another.
  .pipe(z.email("Enter a valid e-mail address.").toLowerCase())
  .meta({ format: "email", examples: ["ada@example.com"] });

export const name = z
  .string("Enter a name.")
  .trim()
  .min(1, "Enter a name.")
  .max(100, "At most 100 characters.");

export const newPassword = z
  .string("Enter a password.")
  .min(10, "At least 10 characters.")
  .max(200, "At most 200 characters.");

/** An existing password, to compare with. */
export const password = z
  .string("Enter the password.")
  .min(1, "Enter the password.")
  .max(200, "At most 200 characters.");

export const token = z.string("Enter the token from the mail.").min(1).max(200);
