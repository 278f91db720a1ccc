import { z } from "zod";
import { timestamp } from "../http/fields.ts";
import { pageQuery } from "../http/pagination.ts";

const KINDS = ["DAY", "WEEK", "MONTH", "SPRINT"] as const;
const WHICH = "Enter DAY, WEEK, MONTH or SPRINT.";

const uuid = (message: string) => z.uuid(message).toLowerCase();

export const newReport = z.object({
  projectId: uuid("Enter the id of a project."),
  period: z.string(WHICH).toUpperCase().pipe(z.enum(KINDS, WHICH)).meta({ enum: KINDS }),
  sprintId: uuid("Enter the id of a sprint.")
    .optional()
    .describe("For SPRINT. By default the current sprint, or else the latest that has begun."),
  date: z.iso
    .date("Enter a date as YYYY-MM-DD.")
    .optional()
    .describe(
      "A day in the period, which is an ISO week or a calendar month; by default today in your zone.",
    ),
  attach: z
    .boolean("Enter true or false.")
    .default(false)
    .describe("Whether to attach the PDF to the mail, if it is at most 5 MB."),
});

export const reportQuery = pageQuery.extend({ projectId: uuid("Invalid project id.").optional() });

const date = z
  .date()
  .transform((value) => value.toISOString().slice(0, 10))
  .pipe(z.iso.date());

export const report = z.object({
  id: z.uuid(),
  projectId: z.uuid(),
  projectName: z.string(),
  period: z.enum(KINDS),
  sprintId: z.uuid().nullable(),
  firstDay: date,
  lastDay: date.describe("Inclusive."),
  zone: z.string().describe("The time zone of its days."),
  state: z.enum(["PENDING", "READY", "FAILED"]),
  progress: z.number().describe("From 0 to 1."),
  problem: z.string().nullable().describe("Why it failed."),
  pages: z.int().nullable(),
  bytes: z.int().nullable(),
  url: z.string().nullable().describe("The PDF; null until it is ready."),
  createdAt: timestamp,
  readyAt: timestamp.nullable(),
  scheduleId: z.uuid().nullable().describe("The schedule that asked for it."),
});
