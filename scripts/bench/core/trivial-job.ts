import { z } from "zod";
import { defineJob } from "../../../workers/core/index.ts";

/** A job for handlers that do nothing, so that only the overhead of a job is measured. */
export const trivial = defineJob({
  name: "trivial",
  payload: z.object({ n: z.int() }),
});
