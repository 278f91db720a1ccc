import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/core/database.ts";
import { openDatabase, type Database, type Tx } from "../database.ts";
import { kinds, type Channels, type Kind } from "./kinds.ts";
import { notify } from "./notify.ts";

let owned: TestDatabase;
let database: Database;
beforeAll(async () => {
  owned = await createTestDatabase();
  database = openDatabase(owned.url, 22, () => {});
});
afterAll(async () => {
  await database.close();
  await owned.drop();
});

const inTransaction = <Result>(work: (tx: Tx) => Promise<Result>) => database.jobs.transaction(work);

let users = 0;
const createUser = async (more: object = {}, devices = 0): Promise<string> => {
  const number = ++users;
  const pushDevices = Array.from({ length: devices }, (_, index) => `${number} ${index}`).map((token) => ({
    token,
    platform: "WEB" as const,
  }));
  const { id } = await database.prisma.user.create({
    data: {
      ...{ email: `${number}@example.com`, name: "Ada", passwordHash: "" },
      ...{ pushDevices: { create: pushDevices }, ...more },
    },
  });
  return id;
};

const rowsOf = (userId: string) =>
  database.prisma.notification.findMany({ where: { userId }, orderBy: { sequence: "asc" } });
const feedOf = (userId: string) => database.prisma.notificationFeed.findUnique({ where: { userId } });

class RolledBackError extends Error {}

test("20 transactions at a time number a user's notifications without a gap, in the order of their commits", async () => {
  const userId = await createUser();
  let writing = true;
  const rolledBack: number[] = [];
  const writeOne = async (index: number) => {
    await inTransaction(async (tx) => {
      // Some do their work before, some keep the others waiting.
      await sleep((index * 7) % 5);
      await notify(tx, { userId, kind: "report-ready" });
      await sleep((index * 3) % 4);
      if (index % 4 === 0) throw new RolledBackError();
    }).catch((error: unknown) => {
      if (!(error instanceof RolledBackError)) throw error;
      rolledBack.push(index);
    });
  };
  // If a number could be seen before a lower one, a reader that remembers the highest would miss the lower one.
  let reads = 0;
  const readWhileWriting = async () => {
    for (; writing; reads++) {
      const [seen] = await database.prisma.$queryRaw<{ rows: number; last: number; feed: number }[]>`
        SELECT count(*)::int AS rows, coalesce(max(sequence), 0) AS last,
               coalesce((SELECT last FROM "NotificationFeed" WHERE "userId" = ${userId}::uuid), 0) AS feed
        FROM "Notification" WHERE "userId" = ${userId}::uuid`;
      expect([seen?.last, seen?.feed]).toEqual([seen?.rows, seen?.rows]);
    }
  };
  const reading = readWhileWriting();
  const writers = Array.from({ length: 20 }, async (_, writer) => {
    for (let turn = 0; turn < 5; turn++) await writeOne(writer * 5 + turn);
  });
  await Promise.all(writers).finally(() => (writing = false));
  await reading;
  expect(reads).toBeGreaterThan(0);
  expect(rolledBack).toHaveLength(25);
  expect((await rowsOf(userId)).map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 75 }, (_, index) => index + 1),
  );
  expect(await feedOf(userId)).toMatchObject({ last: 75, version: 75 });
});

test("users are numbered separately, and do not wait for each other", async () => {
  const [first, second] = [await createUser(), await createUser()];
  await inTransaction(async (tx) => {
    await notify(tx, { userId: first, kind: "mention" });
    // The transaction of the first user is open.
    await inTransaction((other) => notify(other, { userId: second, kind: "mention" }));
    await notify(tx, { userId: first, kind: "mention" });
  });
  expect((await rowsOf(first)).map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect((await rowsOf(second)).map(({ sequence }) => sequence)).toEqual([1]);
});

test("a closed account and an unknown user get none", async () => {
  const closed = await createUser({ closedAt: new Date() }, 1);
  for (const userId of [closed, crypto.randomUUID()]) {
    const happening = { userId, kind: "deletion-scheduled" as const };
    expect(await inTransaction((tx) => notify(tx, happening))).toBeUndefined();
    expect([await rowsOf(userId), await feedOf(userId)]).toEqual([[], null]);
  }
});

const channels = (inApp: boolean, push: boolean, mail: boolean): Channels => ({ inApp, push, mail });

interface Case {
  kind?: Kind;
  choice?: Channels;
  user?: object;
  devices?: number;
  /** What the row says. */
  row: Omit<Channels, "mail">;
  /** Which jobs are wanted. */
  jobs: Omit<Channels, "inApp">;
}

const on = { inApp: true, push: true };
test.for<[string, Case]>([
  ["the channels of the kind", { row: on, jobs: { push: true, mail: true } }],
  ["no mail by default", { kind: "upload-ready", row: on, jobs: { push: true, mail: false } }],
  ["no push without a device", { devices: 0, row: on, jobs: { push: false, mail: true } }],
  [
    "nothing but the list",
    {
      choice: channels(true, false, false),
      row: { inApp: true, push: false },
      jobs: { push: false, mail: false },
    },
  ],
  [
    "only the mail",
    {
      choice: channels(false, false, true),
      row: { inApp: false, push: false },
      jobs: { push: false, mail: true },
    },
  ],
  [
    "only the push",
    {
      choice: channels(false, true, false),
      row: { inApp: false, push: true },
      jobs: { push: true, mail: false },
    },
  ],
  [
    "a mail for a kind without",
    {
      kind: "upload-ready",
      choice: channels(true, true, true),
      row: on,
      jobs: { push: true, mail: true },
    },
  ],
  [
    "no mail after unsubscribing, whatever was chosen",
    {
      choice: channels(true, true, true),
      user: { notifyByMail: false },
      row: on,
      jobs: { push: true, mail: false },
    },
  ],
  [
    "no push with pushes turned off, whatever was chosen",
    {
      choice: channels(true, true, true),
      user: { notifyByPush: false },
      row: { inApp: true, push: false },
      jobs: { push: false, mail: true },
    },
  ],
  [
    "a required mail, whatever was chosen and turned off",
    {
      kind: "deletion-scheduled",
      choice: channels(false, false, false),
      user: { notifyByMail: false },
      row: { inApp: false, push: false },
      jobs: { push: false, mail: true },
    },
  ],
])("gives %s", async ([_what, { kind = "report-ready", choice, user, devices = 1, row, jobs }]) => {
  const another = { kind: "new-sign-in", ...channels(false, false, false) };
  const choices = { create: [another, ...(choice ? [{ kind, ...choice }] : [])] };
  const userId = await createUser({ ...user, choices }, devices);
  const recordId = crypto.randomUUID();
  const written = await inTransaction((tx) => notify(tx, { userId, kind, recordId }));
  expect(written).toEqual({ id: expect.any(String), ...jobs });
  expect(await rowsOf(userId)).toMatchObject([
    { id: written?.id, sequence: 1, kind, recordId, actorId: null, readAt: null, ...row },
  ]);
});

test("every kind has at least one channel", () => {
  for (const each of Object.values(kinds)) expect(Object.values(each)).toContain(true);
});
