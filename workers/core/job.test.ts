import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { backoffDelay, defineJob } from "./job.ts";

const backoff = { delay: 1_000, max: 60_000, jitter: 0.5 };

test("the delay doubles up to its maximum", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((failed) => backoffDelay(backoff, failed, 0.5));
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
});

test("jitter changes the delay by at most half of the given fraction", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (failed, random, jitter) => {
        const plain = Math.min(60_000, 1_000 * 2 ** (failed - 1));
        const delay = backoffDelay({ ...backoff, jitter }, failed, random);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(plain * (1 - jitter / 2)));
        expect(delay).toBeLessThanOrEqual(Math.ceil(plain * (1 + jitter / 2)));
      },
    ),
  );
});

test("a name that is not a valid queue name is rejected", () => {
  for (const name of ["", "Mail", "mail:send", "1st", "mail send"])
    expect(() => defineJob({ name, payload: z.object({}) })).toThrow(TypeError);
});

test("omitted options have defaults, also within `backoff`", () => {
  const job = defineJob({ name: "mail", payload: z.object({}), backoff: { delay: 50 } });
  expect(job).toMatchObject({
    attempts: 5,
    crashes: 3,
    priority: 0,
    backoff: { delay: 50, max: 600_000, jitter: 0.5 },
  });
});
