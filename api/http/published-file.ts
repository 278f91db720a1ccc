import { z } from "zod";

/** The answer of a route that sends a file and not JSON: which one, once its handler has found that the caller may have it. */
export const publishedFile = z.object({
  key: z.string(),
  filename: z.string(),
  contentType: z.string(),
  disposition: z.enum(["inline", "attachment"]),
});

export type PublishedFile = z.output<typeof publishedFile>;
