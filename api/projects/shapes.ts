import { z } from "zod";
import { timestamp } from "../http/fields.ts";

const FIRST_DAY = "1970-01-01";
const LAST_DAY = "2999-12-31";

/** A day as a client sends it. */
export const day = z.iso
  .date("Enter a date such as 2026-11-27.")
  .refine((text) => text >= FIRST_DAY && text <= LAST_DAY, `Enter a date from ${FIRST_DAY} to ${LAST_DAY}.`)
  .transform((text) => new Date(text));

/** A column of type date, or its form in a stored response. */
const sentDay = z
  .union([z.date(), z.string()])
  .transform((date) => new Date(date).toISOString().slice(0, 10))
  .pipe(z.iso.date());

/** An id in a body or a query, as PostgreSQL prints it. */
export const reference = z.uuid("Enter an id.").toLowerCase();

const atMost = (characters: number) => `Use at most ${characters.toLocaleString("en")} characters.`;

export const shortName = z.string("Enter a name.").trim().min(1, "Enter a name.").max(100, atMost(100));
export const title = z.string("Enter a title.").trim().min(1, "Enter a title.").max(5_000, atMost(5_000));
export const longText = z.string("Enter a text.").max(10_000, atMost(10_000));
export const commentText = z
  .string("Enter a comment.")
  .trim()
  .min(1, "Enter a comment.")
  .max(10_000, atMost(10_000));

const POINTS = "Enter a whole number from 0 to 1000.";
export const estimate = z.int(POINTS).min(0, POINTS).max(1_000, POINTS);

const STATES = ["TODO", "DOING", "DONE"] as const;
export const state = z.enum(STATES, "Enter TODO, DOING or DONE.");

export const role = z.enum(["OWNER", "MEMBER", "VIEWER"], "Enter OWNER, MEMBER or VIEWER.");
export const invitedRole = z.enum(["MEMBER", "VIEWER"], "Enter MEMBER or VIEWER.");

export const project = z.object({
  id: z.uuid(),
  name: z.string(),
  description: z.string(),
  role: role.describe("Your role."),
  createdAt: timestamp,
  members: z.int(),
  tasks: z.object({
    todo: z.int(),
    doing: z.int(),
    done: z.int(),
    overdue: z.int().describe("Not done, and due before today in your time zone."),
  }),
});

export const member = z.object({
  userId: z.uuid(),
  name: z.string(),
  email: z.string(),
  role,
  joinedAt: timestamp,
});

export const invitation = z.object({
  id: z.uuid(),
  email: z.string(),
  role: invitedRole,
  expiresAt: timestamp,
  createdAt: timestamp,
});

export const sprint = z.object({
  id: z.uuid(),
  projectId: z.uuid(),
  name: z.string(),
  startsOn: sentDay,
  endsOn: sentDay.describe("The last day, inclusive."),
  createdAt: timestamp,
});

export const task = z.object({
  id: z.uuid(),
  projectId: z.uuid(),
  title: z.string(),
  description: z.string(),
  state,
  sprintId: z.uuid().nullable(),
  assigneeId: z.uuid().nullable(),
  creatorId: z.uuid().nullable().describe("Null if the account was deleted."),
  dueOn: sentDay.nullable().describe("The last day on which the task is not overdue."),
  estimate: z.int().nullable().describe("In points."),
  createdAt: timestamp,
  startedAt: timestamp.nullable().describe("When it left TODO last; null in TODO."),
  completedAt: timestamp.nullable().describe("Null unless it is DONE."),
});

export const comment = z.object({
  id: z.uuid(),
  taskId: z.uuid(),
  authorId: z.uuid().nullable(),
  authorName: z.string().nullable().describe("Null if the account was deleted."),
  body: z.string(),
  createdAt: timestamp,
  editedAt: timestamp.nullable(),
});
