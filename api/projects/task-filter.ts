import { z } from "zod";
import type { Prisma } from "../../prisma/client/client.ts";
import { pageQuery } from "../http/pagination.ts";
import { day, reference, state } from "./shapes.ts";

const orNone = reference.or(z.literal("none"));

/** Which tasks of a project to list. Several conditions apply together. */
export const taskQuery = pageQuery.extend({
  state: state.optional(),
  assigneeId: orNone.optional().describe("`none` lists tasks without an assignee."),
  sprintId: orNone.optional().describe("`none` lists tasks without a sprint."),
  dueBefore: day.optional().describe("Due on an earlier day than this."),
  dueAfter: day.optional().describe("Due on a later day than this."),
  overdue: z
    .enum(["true"], "Enter true.")
    .optional()
    .describe("Not done, and due before today in your time zone."),
});

type Filter = Omit<z.output<typeof taskQuery>, "cursor" | "limit">;

/** The conditions of a filter. `today` is the current day of the reader. */
export const toWhere = (
  { state, assigneeId, sprintId, dueBefore, dueAfter, overdue }: Filter,
  today: Date,
): Prisma.TaskWhereInput => ({
  AND: [
    state ? { state } : {},
    assigneeId ? { assigneeId: orNull(assigneeId) } : {},
    sprintId ? { sprintId: orNull(sprintId) } : {},
    dueBefore ? { dueOn: { lt: dueBefore } } : {},
    dueAfter ? { dueOn: { gt: dueAfter } } : {},
    overdue ? { state: { not: "DONE" }, dueOn: { lt: today } } : {},
  ],
});

const orNull = (id: string) => (id === "none" ? null : id);
