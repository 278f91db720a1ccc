import { z } from "zod";

/** Lower case, as PostgreSQL prints it: job payloads contain it as text. */
export const id = z.object({ id: z.uuid().toLowerCase() });

/** A Date from the database, sent as ISO 8601 in UTC. */
export const timestamp = z
  .date()
  .transform((date) => date.toISOString())
  .pipe(z.iso.datetime());

export const message = z.object({ message: z.string() });
