import { z } from "zod";
import { timestamp } from "../http/fields.ts";

export const accountExport = z.object({
  id: z.uuid(),
  state: z.enum(["PENDING", "READY", "FAILED"]),
  progress: z.number().describe("From 0 to 1."),
  problem: z.string().nullable().describe("Why it failed."),
  bytes: z.int().nullable(),
  url: z.string().nullable().describe("The ZIP; null until it is ready."),
  createdAt: timestamp,
  readyAt: timestamp.nullable(),
  expiresAt: timestamp.describe("When it is deleted: 7 days after it is ready."),
});
