import { describe, it } from "vitest";
import { untilAllFinished } from "../support/chaos/checks.ts";
import { signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { until } from "../../scripts/processes/until.ts";

/** Signs up six users in sequence, and returns the responses. */
const signUpSix = async ({ apiUrl }: System, group: string) => {
  const responses = [];
  for (let person = 0; person < 6; person++)
    responses.push(await signUp(apiUrl, `${person}@${group}.example`));
  return responses;
};

describe.concurrent("during an outage of the mail provider", { timeout: 600_000 }, () => {
  it.for(["refuse", "hang"] as const)(
    "in mode %s, sign-up responds as usual and the mails arrive later",
    async (outage, { expect }) => {
      await using system = await createSystem();
      await Promise.all([system.startApi(), system.startWorker()]);
      await signUpSix(system, "before");
      await until("six mails have arrived", async () => (await system.mails()).length === 6);

      await system.setMailOutage(outage);
      const responses = await signUpSix(system, "during");
      expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 202));
      expect(Math.max(...responses.map(({ ms }) => ms))).toBeLessThan(5_000);
      const attempted = `SELECT id FROM "Job" WHERE state <> 'COMPLETED' AND (attempt > 0 OR "startedAt" IS NOT NULL)`;
      await until("every mail was attempted", async () => (await system.sql(attempted, [])).length === 6);

      await system.setMailOutage("off");
      await untilAllFinished(system);
      const ids = new Set((await system.mails()).map(({ to, messageId }) => `${to} ${messageId}`));
      expect(ids.size).toBe(12);
    },
  );
});
