import type { ScheduleJson } from "./ledger-read.ts";

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

type Recurring = Pick<ScheduleJson, "cadence" | "minutes" | "hour" | "minute" | "weekday" | "dayOfMonth">;

/** When a schedule recurs, in words. */
export const cadenceInWords = ({
  cadence,
  minutes,
  hour,
  minute,
  weekday,
  dayOfMonth,
}: Recurring): string => {
  const time = [hour, minute].map((part) => String(part).padStart(2, "0")).join(":");
  if (cadence === "MINUTES") return everyMinutes(minutes ?? 0);
  if (cadence === "DAILY") return `every day at ${time}`;
  if (cadence === "WEEKLY") return `every ${WEEKDAYS[(weekday ?? 1) - 1]} at ${time}`;
  return `every month on day ${dayOfMonth} at ${time}`;
};

const everyMinutes = (minutes: number) => {
  if (minutes === 1) return "every minute";
  if (minutes === 60) return "every hour";
  return minutes % 60 === 0 ? `every ${minutes / 60} hours` : `every ${minutes} minutes`;
};
