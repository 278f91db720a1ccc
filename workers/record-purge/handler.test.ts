import { expect, test } from "vitest";
import { purgeRecords, type DeleteRecords, type Kind } from "./handler.ts";
import { recordPurge } from "./job.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const kinds: Kind[] = [
  "verifications",
  "resets",
  "invitations",
  "idempotencyKeys",
  "throttles",
  "devices",
  "sealedAddresses",
];

const setUp = (found: Partial<Record<Kind, number[]>> = {}) => {
  const limits = new Map<Kind, number>();
  const deleteRecords =
    (kind: Kind): DeleteRecords =>
    async (until, _after, limit) => {
      expect(limit).toBe(1_000);
      limits.set(kind, until.getTime());
      const count = found[kind]?.shift() ?? 0;
      return { counts: { [kind]: count }, next: count > 0 ? "more" : undefined };
    };
  const deletes = Object.fromEntries(kinds.map((kind) => [kind, deleteRecords(kind)]));
  const purge = purgeRecords({
    slow: 500,
    findLoad: async () => undefined,
    ...(deletes as Record<Kind, DeleteRecords>),
  });
  const perform = () =>
    purge(recordPurge.payload.parse({}), { signal: new AbortController().signal, progress: async () => {} });
  return { limits, perform };
};

test("counts what it deleted, by kind", async () => {
  const { perform } = setUp({ verifications: [1_000, 7], devices: [3] });
  expect(await perform()).toEqual({
    verifications: 1_007,
    resets: 0,
    invitations: 0,
    idempotencyKeys: 0,
    throttles: 0,
    devices: 3,
    sealedAddresses: 0,
  });
});

test.each<[Kind, number]>([
  ["verifications", HOUR],
  ["resets", HOUR],
  ["invitations", 30 * DAY],
  ["idempotencyKeys", DAY + HOUR],
  ["throttles", HOUR],
  ["devices", 365 * DAY],
  ["sealedAddresses", 3 * DAY],
])("%s are kept for %i ms", async (kind, keep) => {
  const { perform, limits } = setUp();
  const before = Date.now();
  await perform();
  expect(limits.get(kind)).toBeGreaterThanOrEqual(before - keep);
  expect(limits.get(kind)).toBeLessThanOrEqual(Date.now() - keep);
});

test("a second run deletes nothing", async () => {
  const { perform } = setUp({ resets: [2] });
  expect(await perform()).toMatchObject({ resets: 2 });
  expect(await perform()).toMatchObject({ resets: 0 });
});
