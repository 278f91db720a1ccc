import { z } from "zod";
import { defineJob } from "../../../workers/core/index.ts";

/** A job whose handler does nothing, so that all that is measured is what surrounds handlers. */
export const trivial = defineJob({
  name: "trivial",
  payload: z.object({ n: z.int() }),
});
