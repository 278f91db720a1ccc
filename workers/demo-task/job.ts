import { z } from "zod";
import { defineJob } from "../core/job.ts";

/**
 * A task without a purpose, for the live page: load, ordering, idempotency, and jobs that kill or block
 * their worker.
 */
export const demoTask = defineJob({
  name: "demo-task",
  payload: z.object({
    work: z.enum(["nothing", "sleep", "crash", "block"]),
    /** For `sleep`. */
    ms: z.number().int().min(0).max(10_000).optional(),
    /** Shown on the page, so that the order of several tasks can be followed. */
    number: z.number().int().optional(),
    orderKey: z.string().max(64).optional(),
    idempotencyKey: z.string().max(64).optional(),
  }),
  key: ({ idempotencyKey }) => idempotencyKey,
  order: ({ orderKey }) => orderKey,
  attempts: 3,
  priority: 5,
  concurrency: 100, // for 1,000 tasks a second
});
