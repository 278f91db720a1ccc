import { z } from "zod";

/** As PostgreSQL writes it: payloads carry it as text. */
export const id = z.object({ id: z.uuid().toLowerCase() });

/** A Date where it comes from the database, ISO 8601 in UTC where it goes to a client. */
export const timestamp = z
  .date()
  .transform((date) => date.toISOString())
  .pipe(z.iso.datetime());

export const message = z.object({ message: z.string() });
