import { z } from "zod";

/** Fields that several routes share. */
export const email = z
  .string("Enter an email address.")
  .trim()
  .max(254, "Use at most 254 characters.")
  .regex(/^.{0,64}(@|$)/, "Use at most 64 characters before the @.") // RFC 5321, 4.5.3.1.1
  // Validated before lower-casing: a Kelvin sign becomes a plain k, which would turn one address into another.
  .pipe(z.email("Enter a valid email address.").toLowerCase())
  .meta({ format: "email", examples: ["ada@example.com"] });

export const name = z
  .string("Enter a name.")
  .trim()
  .min(1, "Enter a name.")
  .max(100, "Use at most 100 characters.");

export const newPassword = z
  .string("Enter a password.")
  .min(10, "Use at least 10 characters.")
  .max(200, "Use at most 200 characters.");

/** A password to verify. The rules for new passwords do not apply: older passwords must keep working. */
export const password = z
  .string("Enter your password.")
  .min(1, "Enter your password.")
  .max(200, "Use at most 200 characters.");

export const token = z.string("Enter the token from the email.").min(1).max(200);
