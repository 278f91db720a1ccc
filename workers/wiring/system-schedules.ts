import { v7 as uuidv7 } from "uuid";
import { nextSlots, type Recurrence } from "../../infra/time/slots.ts";
import type { Sql } from "../core/index.ts";
import type { SystemCadence, SystemSchedule } from "../schedules.ts";

/** Applies SCHEDULES of the configuration. `unknown` are names that the table does not have. */
export const override = (
  table: readonly SystemSchedule[],
  cadences: ReadonlyMap<string, SystemCadence | "off"> = new Map(),
): { table: SystemSchedule[]; unknown: string[] } => ({
  table: table.flatMap((each) => {
    const cadence = cadences.get(each.name) ?? each.cadence;
    return cadence === "off" ? [] : [{ ...each, cadence }];
  }),
  unknown: [...cadences.keys()].filter((name) => table.every((each) => each.name !== name)),
});

/**
 * Writes the table to the rows of `Schedule`, and deletes the rows of entries that are gone. A new cadence takes effect
 * at the next slot; an entry that did not change keeps its next run.
 */
export const writeSystemSchedules = async (sql: Sql, table: readonly SystemSchedule[]): Promise<void> => {
  const [clock] = await sql<{ now: Date }>(`SELECT now() AS now`, []);
  for (const { name, job, payload, cadence } of table) {
    const recurrence = recurrenceOf(cadence);
    const { cadence: kind, minutes, hour, minute } = recurrence;
    const [next] = nextSlots(recurrence, { after: clock?.now ?? new Date() }, 1);
    await sql(
      `INSERT INTO "Schedule" AS s (id, name, job, payload, cadence, minutes, hour, minute, "nextRunAt")
       VALUES ($1::uuid, $2, $3, $4::jsonb, $5::"Cadence", $6::int, $7::int, $8::int, $9::timestamptz)
       ON CONFLICT (name) DO UPDATE SET job = excluded.job, payload = excluded.payload, cadence = excluded.cadence,
         minutes = excluded.minutes, hour = excluded.hour, minute = excluded.minute,
         "nextRunAt" = CASE WHEN ${SAME_TIMES} THEN s."nextRunAt" ELSE excluded."nextRunAt" END
       WHERE NOT (${SAME_TIMES} AND s.job = excluded.job AND s.payload = excluded.payload)`,
      [uuidv7(), name, job.name, JSON.stringify(payload), kind, minutes, hour, minute, next?.at],
    );
  }
  const names = table.map(({ name }) => name);
  await sql(`DELETE FROM "Schedule" WHERE name IS NOT NULL AND NOT name = ANY ($1::text[])`, [names]);
};

const SAME_TIMES = `(s.cadence, s.minutes, s.hour, s.minute)
  IS NOT DISTINCT FROM (excluded.cadence, excluded.minutes, excluded.hour, excluded.minute)`;

const recurrenceOf = (cadence: SystemCadence): Recurrence => {
  const never = { minutes: null, hour: 0, minute: 0, weekday: null, dayOfMonth: null, zone: "UTC" };
  if (cadence.every === "minutes") return { ...never, cadence: "MINUTES", minutes: cadence.minutes };
  return { ...never, cadence: "DAILY", hour: cadence.hour, minute: cadence.minute ?? 0 };
};
