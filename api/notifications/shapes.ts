import { z } from "zod";
import { timestamp } from "../http/fields.ts";
import { pageQuery } from "../http/pagination.ts";

/** The largest integer of PostgreSQL. */
const LAST = 2_147_483_647;

/** Ordered by the sequence: ids are made before the transaction that writes them has its turn. */
export const notificationQuery = pageQuery.extend({
  cursor: z.coerce
    .number("Invalid cursor.")
    .int("Invalid cursor.")
    .min(0)
    .max(LAST)
    .optional()
    .describe("The value of `next` from the previous page."),
});

export const notification = z.object({
  id: z.uuid(),
  sequence: z.int().describe("1, 2, 3 … for each user, in the order of the commits."),
  // Not an enum: during a deployment, a newer process may write a kind that this one does not know.
  kind: z.string(),
  title: z.string(),
  text: z.string(),
  path: z.string().describe("What it is about, as a path of this site."),
  actorName: z.string().nullable().describe("Who caused it."),
  createdAt: timestamp,
  readAt: timestamp.nullable(),
});

/** Unread notifications beyond these are not counted, so that the count costs the same for every user. */
export const COUNTED = 1_000;

export const unread = z.object({
  unread: z.int().describe(`The number of unread notifications, counted up to ${COUNTED}.`),
});

export const upTo = z.object({
  upTo: z.int("Enter a number.").min(0).max(LAST).describe("The sequence number of the last one to mark."),
});
