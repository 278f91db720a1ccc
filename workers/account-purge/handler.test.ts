import { expect, test } from "vitest";
import { purgeAccounts } from "./handler.ts";
import { accountPurge } from "./job.ts";

const DAY = 86_400_000;

const setUp = (pages: { accounts: number; kept: number }[]) => {
  const calls: { until: number; after: string | undefined; limit: number }[] = [];
  const purge = purgeAccounts({
    slow: 500,
    findLoad: async () => undefined,
    unverifiedDays: 30,
    deleteUnverified: async (until, after, limit) => {
      calls.push({ until: until.getTime(), after, limit });
      const page = pages.shift();
      return { counts: page ?? { accounts: 0, kept: 0 }, next: page && `page ${calls.length}` };
    },
  });
  const perform = () =>
    purge(accountPurge.payload.parse({}), { signal: new AbortController().signal, progress: async () => {} });
  return { calls, perform };
};

test("goes through all pages and counts what it deleted and kept", async () => {
  const { perform, calls } = setUp([
    { accounts: 199, kept: 1 },
    { accounts: 0, kept: 200 },
    { accounts: 3, kept: 0 },
  ]);
  expect(await perform()).toEqual({ accounts: 202, kept: 201 });
  expect(calls.map(({ after }) => after)).toEqual([undefined, "page 1", "page 2", "page 3"]);
  expect(new Set(calls.map(({ limit }) => limit))).toEqual(new Set([200]));
});

test("an account has the configured number of days", async () => {
  const { perform, calls } = setUp([]);
  const before = Date.now();
  await perform();
  expect(calls[0]!.until).toBeGreaterThanOrEqual(before - 30 * DAY);
  expect(calls[0]!.until).toBeLessThanOrEqual(Date.now() - 30 * DAY);
});
