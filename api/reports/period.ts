import { Temporal } from "temporal-polyfill";
import type { Tx } from "../../infra/database.ts";
import { Problem } from "../http/problem.ts";

/** What a report covers. The days are at midnight in UTC, as Prisma stores dates. */
export interface Period {
  firstDay: Date;
  lastDay: Date;
  sprintId: string | null;
}

interface Asked {
  projectId: string;
  period: "DAY" | "WEEK" | "MONTH" | "SPRINT";
  sprintId?: string | undefined;
  date?: string | undefined;
}

/** @throws Problem if there is no such period, or it has not begun in the zone */
export const findPeriod = async (
  tx: Pick<Tx, "sprint">,
  { projectId, period, sprintId, date }: Asked,
  zone: string,
): Promise<Period> => {
  const today = Temporal.Now.plainDateISO(zone);
  if (period === "SPRINT") return findSprint(tx, projectId, sprintId, today);
  const found = periodAround(period, date === undefined ? today : Temporal.PlainDate.from(date));
  if (Temporal.PlainDate.compare(found.first, today) > 0) throw invalid("date", NOT_BEGUN);
  return { firstDay: toDate(found.first), lastDay: toDate(found.last), sprintId: null };
};

const NOT_BEGUN = "This period has not begun.";

/** The ISO week, from Monday, or the calendar month. */
const periodAround = (period: "DAY" | "WEEK" | "MONTH", day: Temporal.PlainDate) => {
  if (period === "DAY") return { first: day, last: day };
  if (period === "MONTH") return { first: day.with({ day: 1 }), last: day.with({ day: day.daysInMonth }) };
  const first = day.subtract({ days: day.dayOfWeek - 1 });
  return { first, last: first.add({ days: 6 }) };
};

const findSprint = async (
  { sprint }: Pick<Tx, "sprint">,
  projectId: string,
  id: string | undefined,
  today: Temporal.PlainDate,
): Promise<Period> => {
  const now = toDate(today);
  const found =
    id === undefined
      ? // The one that began last is the current one, unless it has ended.
        await sprint.findFirst({
          where: { projectId, startsOn: { lte: now } },
          orderBy: [{ startsOn: "desc" }, { id: "desc" }],
        })
      : await sprint.findUnique({ where: { id, projectId } });
  if (!found && id === undefined) throw new Problem("no-sprint");
  if (!found) throw invalid("sprintId", "The project has no such sprint.");
  if (found.startsOn > now) throw invalid("sprintId", "This sprint has not begun.");
  return { firstDay: found.startsOn, lastDay: found.endsOn, sprintId: found.id };
};

const toDate = (day: Temporal.PlainDate) => new Date(day.toString());

const invalid = (field: string, message: string) =>
  new Problem("invalid-request", { errors: [{ field, message }] });
