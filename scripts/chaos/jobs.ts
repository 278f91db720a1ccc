import { z } from "zod";
import { defineJob } from "../../workers/core/index.ts";

/** Takes `ms`, fails as often as `fails` says or kills its process, and else leaves a row in ChoreDone. */
const payload = z.object({
  ms: z.int().default(0),
  fails: z.int().default(0),
  end: z.enum(["done", "death"]).default("done"),
});

export const chore = defineJob({ name: "chore", payload });

/** Waits a minute each time it failed. */
export const patientChore = defineJob({
  name: "patient-chore",
  payload,
  backoff: { delay: 60_000, max: 60_000, jitter: 0 },
});

/** Ends in the dead letter when it failed. */
export const fragileChore = defineJob({ name: "fragile-chore", payload, attempts: 1 });

/** What these jobs leave behind: a row per start, and a row per effect. */
export const choreTables = `
  CREATE TABLE "ChoreStarted" (id uuid NOT NULL, pid int NOT NULL, at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE "ChoreDone" (id uuid NOT NULL, at timestamptz NOT NULL DEFAULT now())`;
