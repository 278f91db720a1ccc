import type { z } from "zod";
import { prepareJob, type JobDefinition, type Sql } from "../../../workers/core/index.ts";

/** Enqueues a job outside any transaction: as if one had committed and its process had died before the nudge. */
export const insertJob = <Schema extends z.ZodType>(
  sql: Sql,
  job: JobDefinition<Schema>,
  payload: z.input<Schema>,
  options?: { delay?: number; priority?: number },
): Promise<string> => prepareJob(job, payload, options)(sql);
