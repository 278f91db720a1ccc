import { z } from "zod";
import { defineJob } from "../core/job.ts";

/** Deletes what is in a project without members, then the project. */
export const projectPurge = defineJob({
  name: "project-purge",
  payload: z.object({ projectId: z.uuid() }),
  attempts: 20,
  timeout: 600_000,
  concurrency: 2,
});
