import { z } from "zod";
import { sqlOf } from "../../infra/database.ts";
import { countFailures } from "../../infra/admin/failures.ts";
import type { AppDeps } from "../deps.ts";
import { route } from "../http/contract.ts";
import { timestamp } from "../http/fields.ts";

const DAY = 86_400_000;
const HOUR = 3_600_000;

export const failureRoutes = ({ prisma }: AppDeps) => [
  route(
    {
      method: "get",
      path: "/v1/admin/failures",
      summary: "Count the failed jobs of the last days by queue and kind of error",
      access: "admin",
      query: z.object({ days: z.coerce.number().int().min(1).max(30).default(3) }),
      status: 200,
      response: z.object({
        since: timestamp,
        until: timestamp,
        minutes: z.int().describe("The length of a step."),
        items: z.array(
          z.object({
            at: timestamp.describe("The start of the step."),
            name: z.string(),
            kind: z.string(),
            count: z.int(),
          }),
        ),
      }),
    },
    async ({ query: { days } }) => {
      const until = new Date();
      // Steps of hours begin with the hour, and those of days with the day, in UTC.
      const step = days <= 3 ? HOUR : DAY;
      const since = new Date((Math.floor(until.getTime() / step) + 1) * step - days * DAY);
      const minutes = step / 60_000;
      return { since, until, minutes, items: await countFailures(sqlOf(prisma), { since, minutes }) };
    },
  ),
];
