import { expect, test } from "vitest";
import { cadenceInWords } from "./cadence.ts";

const times = { minutes: null, hour: 3, minute: 10, weekday: null, dayOfMonth: null };

test.each([
  [{ cadence: "MINUTES", minutes: 1 }, "every minute"],
  [{ cadence: "MINUTES", minutes: 15 }, "every 15 minutes"],
  [{ cadence: "MINUTES", minutes: 60 }, "every hour"],
  [{ cadence: "MINUTES", minutes: 90 }, "every 90 minutes"],
  [{ cadence: "MINUTES", minutes: 120 }, "every 2 hours"],
  [{ cadence: "DAILY" }, "every day at 03:10"],
  [{ cadence: "WEEKLY", weekday: 1 }, "every Monday at 03:10"],
  [{ cadence: "WEEKLY", weekday: 7 }, "every Sunday at 03:10"],
  [{ cadence: "MONTHLY", dayOfMonth: 31 }, "every month on day 31 at 03:10"],
] as const)("%j is %s", (cadence, words) => {
  expect(cadenceInWords({ ...times, ...cadence })).toBe(words);
});
