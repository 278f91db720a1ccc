import { z } from "zod";
import { timestamp, zone } from "../http/fields.ts";

const cadences = ["MINUTES", "DAILY", "WEEKLY", "MONTHLY"] as const;

/** When a report recurs. */
export const recurrence = z
  .object({
    cadence: z.enum(cadences),
    minutes: z
      .int()
      .min(1)
      .max(1_440)
      .optional()
      .describe("For MINUTES, counted from midnight in UTC. Only where the sandbox is on."),
    hour: z.int().min(0).max(23).optional().describe("For all but MINUTES."),
    minute: z.int().min(0).max(59).default(0),
    weekday: z.int().min(1).max(7).optional().describe("For WEEKLY. ISO: 1 is Monday."),
    dayOfMonth: z.int().min(1).max(31).optional().describe("For MONTHLY. In a shorter month, its last day."),
    zone: zone.optional().describe("An IANA name. By default, your time zone."),
  })
  .superRefine(({ cadence, minutes, hour, weekday, dayOfMonth }, { addIssue }) => {
    if (cadence === "MINUTES" && minutes === undefined)
      addIssue({ code: "custom", path: ["minutes"], message: "Choose a number of minutes." });
    if (cadence !== "MINUTES" && hour === undefined)
      addIssue({ code: "custom", path: ["hour"], message: "Choose an hour." });
    if (cadence === "WEEKLY" && weekday === undefined)
      addIssue({ code: "custom", path: ["weekday"], message: "Choose a day of the week." });
    if (cadence === "MONTHLY" && dayOfMonth === undefined)
      addIssue({ code: "custom", path: ["dayOfMonth"], message: "Choose a day of the month." });
  });

export const newSchedule = recurrence.safeExtend({
  delivery: z.enum(["LINK", "ATTACHMENT"]),
  paused: z.boolean().default(false),
});

export const nextRuns = z
  .array(
    z.object({
      local: z.string().describe("RFC 9557, such as 2026-12-01T08:00:00+01:00[Europe/Warsaw]."),
      utc: z.iso.datetime(),
    }),
  )
  .describe("Three, or none while the schedule is paused.");

export const schedule = z.object({
  id: z.uuid(),
  projectId: z.uuid(),
  cadence: z.enum(cadences),
  minutes: z.int().nullable().describe("For MINUTES."),
  hour: z.int(),
  minute: z.int(),
  weekday: z.int().nullable(),
  dayOfMonth: z.int().nullable(),
  zone: z.string(),
  delivery: z.enum(["LINK", "ATTACHMENT"]),
  paused: z.boolean(),
  missed: z.int().describe("Runs that were left out during outages: of several, only the latest is made up."),
  lastRunAt: timestamp.nullable(),
  nextRuns,
  createdAt: timestamp,
});
