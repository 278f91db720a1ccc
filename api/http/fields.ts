import { z } from "zod";

/** Lower case, as PostgreSQL prints it: job payloads contain it as text. */
export const id = z.object({ id: z.uuid().toLowerCase() });

/** A Date from the database, sent as ISO 8601 in UTC. */
export const timestamp = z
  .date()
  .transform((date) => date.toISOString())
  .pipe(z.iso.datetime());

export const message = z.object({ message: z.string() });

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
