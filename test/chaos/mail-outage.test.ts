import { describe, it } from "vitest";
import { untilAllOver } from "../support/chaos/checks.ts";
import { signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { until } from "../../scripts/processes/until.ts";

/** Signs six people up, one after the other. */
const answersOf = async ({ apiUrl }: System, group: string) => {
  const answers = [];
  for (let person = 0; person < 6; person++) answers.push(await signUp(apiUrl, `${person}@${group}.example`));
  return answers;
};

describe.concurrent("while the mail provider is down", { timeout: 600_000 }, () => {
  it.for(["refuse", "hang"] as const)(
    "and would %s, sign-up answers as ever and the mail comes later",
    async (outage, { expect }) => {
      await using system = await createSystem();
      await Promise.all([system.startApi(), system.startWorker()]);
      await answersOf(system, "before");
      await until("six mails", async () => (await system.mails()).length === 6);

      await system.turnMail(outage);
      const answers = await answersOf(system, "meanwhile");
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
      expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(5_000);
      const tried = `SELECT id FROM "Job" WHERE state <> 'COMPLETED' AND (attempt > 0 OR "startedAt" IS NOT NULL)`;
      await until("every mail was tried", async () => (await system.sql(tried, [])).length === 6);

      await system.turnMail("off");
      await untilAllOver(system);
      const ids = new Set((await system.mails()).map(({ to, messageId }) => `${to} ${messageId}`));
      expect(ids.size).toBe(12);
    },
  );
});
