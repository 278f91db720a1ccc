import { z } from "zod";
import { normalizePassword } from "../../infra/passwords.ts";

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

const codePoints = (text: string) => Array.from(text).length;

/** Counted in code points of the normalized form, so that the same password has the same length on every device. */
export const newPassword = z
  .string("Enter a password.")
  .meta({ minLength: 10, maxLength: 200, description: "Counted after Unicode normalization (NFC)." })
  .transform(normalizePassword)
  .refine((password) => codePoints(password) >= 10, "Use at least 10 characters.")
  .refine((password) => codePoints(password) <= 200, "Use at most 200 characters.");

/**
 * A password to verify, as typed. The rules for new passwords do not apply: older passwords must keep working. 200 code
 * points are 400 UTF-16 units, which decomposition can make four times as long (UAX #15, 9).
 */
export const password = z
  .string("Enter your password.")
  .min(1, "Enter your password.")
  .max(1_600, "Use at most 1600 characters.");

export const token = z.string("Enter the token from the email.").min(1).max(200);
