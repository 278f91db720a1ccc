import { slotsAfter } from "../../infra/time/slots.ts";
import { defineWorker } from "../core/index.ts";
import { dispatchSchedules } from "../schedule-dispatch/handler.ts";
import { scheduleDispatch } from "../schedule-dispatch/job.ts";
import { forUsers, schedules } from "../schedules.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { claimSchedules, moveSchedules, removeSchedules } from "./schedule-rows.ts";

export const wire = ({ jobs, log }: Infrastructure) =>
  defineWorker(
    scheduleDispatch,
    dispatchSchedules({
      transaction: (work) =>
        jobs.transaction(({ sql, enqueueMany }) =>
          work({
            claim: (limit) => claimSchedules(sql, limit),
            enqueueMany,
            move: (moves) => moveSchedules(sql, moves),
            remove: (ids) => removeSchedules(sql, ids),
          }),
        ),
      jobs: [...forUsers, ...schedules.map(({ job }) => job)],
      slotsAfter,
      log,
    }),
  );
