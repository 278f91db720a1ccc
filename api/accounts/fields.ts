import { z } from "zod";
import { isCommonPassword } from "../../infra/common-passwords.ts";
import { normalizePassword } from "../../infra/passwords.ts";

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
  .refine((password) => codePoints(password) <= 200, "Use at most 200 characters.")
  .refine((password) => !isCommonPassword(password), "Use a password that is harder to guess.");

/**
 * A password to verify, as typed. The rules for new passwords do not apply: older passwords must keep working. 200 code
 * points are 400 UTF-16 units, which decomposition can make four times as long (UAX #15, 9).
 */
export const password = z
  .string("Enter your password.")
  .min(1, "Enter your password.")
  .max(1_600, "Use at most 1600 characters.");
