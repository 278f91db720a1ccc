import { z } from "zod";
import { defineJob } from "../core/job.ts";

const id = z.uuid().toLowerCase();

/**
 * Makes the PDF of a report: of one that a user asked for, or of the one that a slot of a schedule asks for. The slot
 * is a local date, YYYY-MM-DD, or a time in UTC for a schedule of every few minutes.
 */
export const reportGenerate = defineJob({
  name: "report-generate",
  payload: z.union([
    z.object({ reportId: id }),
    z.object({ scheduleId: id, slot: z.union([z.iso.date(), z.iso.datetime()]) }),
  ]),
  priority: (payload) => ("reportId" in payload ? 1 : 10),
  attempts: 8,
  backoff: { delay: 2_000, max: 600_000 },
  timeout: 600_000,
  concurrency: 1, // it is bound by the processor
});
