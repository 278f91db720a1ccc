import { z } from "zod";

/** The response of a route that sends a file instead of JSON. Its handler has checked that the caller may read it. */
export const publishedFile = z.object({
  key: z.string(),
  filename: z.string(),
  contentType: z.string(),
  disposition: z.enum(["inline", "attachment"]),
  /** By default it is kept for a year, because published files never change. */
  cacheControl: z.string().optional(),
});

export type PublishedFile = z.output<typeof publishedFile>;
