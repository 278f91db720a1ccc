import { z } from "zod";
import { defineJob } from "../../workers/core/index.ts";

/**
 * Runs for `ms` milliseconds. Then kills its process if `end` is "death", fails in its first `fails` starts, and
 * otherwise inserts a row into ChoreDone.
 */
const payload = z.object({
  ms: z.int().default(0),
  fails: z.int().default(0),
  end: z.enum(["done", "death"]).default("done"),
  /** Chores with the same key run in order. */
  key: z.string().optional(),
});

export const chore = defineJob({ name: "chore", payload, order: ({ key }) => key });

/** Retries one minute after each failure. */
export const patientChore = defineJob({
  name: "patient-chore",
  payload,
  backoff: { delay: 60_000, max: 60_000, jitter: 0 },
});

/** Goes to the dead letter after one failure. */
export const fragileChore = defineJob({ name: "fragile-chore", payload, attempts: 1 });

/** SQL for the tables that these jobs write to: a row in ChoreStarted per start, a row in ChoreDone per effect. */
export const choreTables = `
  CREATE TABLE "ChoreStarted" (id uuid NOT NULL, pid int NOT NULL, at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE "ChoreDone" (id uuid NOT NULL, at timestamptz NOT NULL DEFAULT now())`;
