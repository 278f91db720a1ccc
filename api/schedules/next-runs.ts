import { Temporal } from "temporal-polyfill";
import { nextSlots, type Recurrence } from "../../infra/time/slots.ts";

const SHOWN = 3;

/** The next runs after a time, in local time and in UTC. */
export const nextRunsOf = (recurrence: Recurrence, after: Date, slot: string | null) =>
  nextSlots(recurrence, { after, slot }, SHOWN).map(({ at }) => ({
    local: Temporal.Instant.fromEpochMilliseconds(at.getTime())
      .toZonedDateTimeISO(recurrence.zone)
      .toString(),
    utc: at.toISOString(),
  }));
