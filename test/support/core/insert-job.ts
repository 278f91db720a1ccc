import type { z } from "zod";
import { prepareJob, type JobDefinition, type Sql } from "../../../workers/core/index.ts";

/** Enqueues a job without a nudge, as if the process had died right after the commit. */
export const insertJob = <Schema extends z.ZodType>(
  sql: Sql,
  job: JobDefinition<Schema>,
  payload: z.input<Schema>,
  options?: { delay?: number; priority?: number },
): Promise<string> => prepareJob(job, payload, options)(sql);
