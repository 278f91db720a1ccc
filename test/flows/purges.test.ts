import fc from "fast-check";
import pg from "pg";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { loadConfig } from "../../infra/config.ts";
import { hashToken } from "../../infra/tokens.ts";
import type { JobDefinition } from "../../workers/core/index.ts";
import { until } from "../../scripts/processes/until.ts";
import { accountPurge } from "../../workers/account-purge/job.ts";
import { recordPurge } from "../../workers/record-purge/job.ts";
import { sessionPurge } from "../../workers/session-purge/job.ts";
import { wire as wireAccounts } from "../../workers/wiring/account-purge.ts";
import { purgeOptions } from "../../workers/wiring/database-load.ts";
import { deleteExpiredRows } from "../../workers/wiring/expired-rows.ts";
import type { Wire } from "../../workers/wiring/infrastructure.ts";
import { wire as wireRecords } from "../../workers/wiring/record-purge.ts";
import { wire as wireSessions } from "../../workers/wiring/session-purge.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type People } from "../support/api/people.ts";
import { insertJob } from "../support/core/insert-job.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ago = (ms: number) => new Date(Date.now() - ms);

// Other test files use the same server, and must not make it count as busy.
const quiet = (wire: Wire): Wire => {
  const config = loadConfig("worker", { PURGE_MAX_STATEMENTS: "10000", PURGE_MAX_BATCH_MS: "60000" });
  return (infrastructure) => wire({ ...infrastructure, config });
};

let app: TestApp;
let people: People;
beforeAll(async () => {
  app = await createTestApp({ modules: [wireSessions, wireRecords, wireAccounts].map(quiet) });
  people = createPeople(app);
});
afterAll(() => app[Symbol.asyncDispose]());

const prisma = () => app.core.database.prisma;
beforeEach(async () => {
  await prisma().project.deleteMany();
  await prisma().user.deleteMany();
});

/** Runs a job and resolves with its result. */
const run = async (job: JobDefinition): Promise<unknown> =>
  (await app.core.reaches(await insertJob(app.core.sql, job, {}), "COMPLETED")).result;

const createUser = (email: string, more: object = {}) =>
  prisma().user.create({
    data: { email, name: "Ada", passwordHash: "none", verifiedAt: ago(DAY), ...more },
    select: { id: true },
  });

/** Sessions of a user, each with its expiry. */
const addSessions = async (userId: string, expiries: readonly Date[]) => {
  const data = expiries.map((expiresAt) => ({
    id: uuidv7(),
    userId,
    tokenHash: hashToken(crypto.randomUUID()),
    device: "Firefox on Linux",
    expiresAt,
  }));
  await prisma().session.createMany({ data });
  return data.map(({ id }) => id);
};

const idsOf = async (rows: Promise<{ id: string }[]>) => (await rows).map(({ id }) => id).toSorted();
const sessions = () => idsOf(prisma().session.findMany({ select: { id: true } }));

test("expired sessions are deleted, and live ones are not touched", async () => {
  const { id } = await createUser("ada@example.com");
  const live = await addSessions(id, [ago(-60_000), ago(-DAY), ago(HOUR - 60_000)]);
  await addSessions(
    id,
    Array.from({ length: 2_345 }, (_, index) => ago(HOUR + 1 + index * 60_000)),
  );
  expect(await run(sessionPurge)).toEqual({ expired: 2_345, orphaned: 0 });
  expect(await sessions()).toEqual(live.toSorted());
});

test("the limit is exact: what expired at it is deleted, and what expires a millisecond later is not", async () => {
  const { id } = await createUser("ada@example.com");
  const deleteExpired = deleteExpiredRows(prisma(), {
    table: "Session",
    column: "expiresAt",
    counted: "expired",
  });
  const until = ago(HOUR);
  const offsets = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer()), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(offsets, fc.integer({ min: 1, max: 4 }), async (all, limit) => {
      await prisma().session.deleteMany();
      const ids = await addSessions(
        id,
        all.map((offset) => new Date(until.getTime() + offset)),
      );
      let deleted = 0;
      let after: string | undefined;
      do {
        const batch = await deleteExpired(until, after, limit);
        deleted += batch.counts["expired"]!;
        expect(batch.counts["expired"]).toBeLessThanOrEqual(limit);
        after = batch.next;
      } while (after !== undefined);
      expect(deleted).toBe(all.filter((offset) => offset <= 0).length);
      expect(await sessions()).toEqual(ids.filter((_, index) => all[index]! > 0).toSorted());
    }),
    { numRuns: 40 },
  );
});

test("a session that is being renewed is left alone", async () => {
  const { id } = await createUser("ada@example.com");
  const [renewed] = await addSessions(id, [ago(2 * HOUR)]);
  await addSessions(id, [ago(3 * HOUR)]);
  const other = new pg.Client(app.core.url);
  await other.connect();
  try {
    await other.query("BEGIN");
    await other.query(`UPDATE "Session" SET "expiresAt" = now() + interval '1 day' WHERE id = $1`, [renewed]);
    expect(await run(sessionPurge)).toMatchObject({ expired: 1 });
    await other.query("COMMIT");
  } finally {
    await other.end();
  }
  expect(await run(sessionPurge)).toMatchObject({ expired: 0 });
  expect(await sessions()).toEqual([renewed]);
});

test("sessions of unverified users are deleted, however many one of them has", async () => {
  const verified = await createUser("ada@example.com");
  const live = await addSessions(verified.id, [ago(-DAY)]);
  const orphaned = Array.from({ length: 1_203 }, () => ago(-DAY));
  for (const [email, count] of [
    ["many@example.com", 1_203],
    ["few@example.com", 2],
    ["none@example.com", 0],
  ] as const) {
    const { id } = await createUser(email, { verifiedAt: null });
    await addSessions(id, orphaned.slice(0, count));
  }
  expect(await run(sessionPurge)).toEqual({ expired: 0, orphaned: 1_205 });
  expect(await sessions()).toEqual(live);
});

test("a user logs in while the user's old sessions are deleted", async () => {
  const ada = await people.verified("ada@example.com");
  const { id } = await prisma().user.findUniqueOrThrow({ where: { email: ada.email } });
  await addSessions(
    id,
    Array.from({ length: 5_000 }, (_, index) => ago(2 * HOUR + index)),
  );
  const purged = run(sessionPurge);
  for (let logins = 0; logins < 5; logins++) expect((await people.logIn(ada)).status).toBe(200);
  expect(await purged).toEqual({ expired: 5_000, orphaned: 0 });
  expect(await sessions()).toHaveLength(5);
});

test("old records of every kind are deleted, and those that are still used are not", async () => {
  const { id: userId } = await createUser("ada@example.com");
  const { id: projectId } = await prisma().project.create({ data: { name: "Apollo" } });
  const hash = (text: string) => hashToken(text);
  const links = (prefix: string) => [
    { userId, tokenHash: hash(`${prefix} dead`), expiresAt: ago(HOUR + 1_000) },
    { userId, tokenHash: hash(`${prefix} used`), expiresAt: ago(2 * HOUR), usedAt: ago(DAY) },
    { userId, tokenHash: hash(`${prefix} just expired`), expiresAt: ago(HOUR - 60_000) },
    { userId, tokenHash: hash(`${prefix} live`), expiresAt: ago(-HOUR) },
    { userId, tokenHash: hash(`${prefix} just used`), expiresAt: ago(-HOUR), usedAt: ago(0) },
  ];
  await prisma().emailVerification.createMany({ data: links("verify") });
  await prisma().passwordReset.createMany({ data: links("reset") });
  const invitation = (email: string, age: number) => ({
    ...{ projectId, email, role: "MEMBER" as const, tokenHash: hash(email), expiresAt: ago(age) },
  });
  await prisma().invitation.createMany({
    data: [
      invitation("old@example.com", 30 * DAY + 1_000),
      invitation("recent@example.com", 30 * DAY - 60_000),
      invitation("live@example.com", -DAY),
    ],
  });
  const answer = (text: string, age: number) => ({
    ...{ id: hash(text), fingerprint: hash(text), answer: {}, createdAt: ago(age) },
  });
  await prisma().idempotencyKey.deleteMany();
  await prisma().idempotencyKey.createMany({
    data: [answer("old", 25 * HOUR + 1_000), answer("skewed", 24 * HOUR + 1_000), answer("new", 23 * HOUR)],
  });
  const expiring = (key: string, age: number) => ({ key, points: 1, expire: BigInt(Date.now() - age) });
  await prisma().throttle.createMany({
    data: [
      expiring("old", HOUR + 1_000),
      expiring("recent", 60_000),
      expiring("live", -60_000),
      { key: "forever", points: 1 },
    ],
  });

  expect(await run(recordPurge)).toEqual({
    verifications: 2,
    resets: 2,
    invitations: 1,
    idempotencyKeys: 1,
    throttles: 1,
    devices: 0,
    sealedAddresses: 0,
  });
  const left = await Promise.all([
    prisma().emailVerification.count({ where: { userId } }),
    prisma().passwordReset.count({ where: { userId } }),
    prisma().invitation.count(),
    prisma().idempotencyKey.count(),
    prisma().throttle.count(),
  ]);
  expect(left).toEqual([3, 3, 2, 2, 3]);
});

const addDevices = (userId: string, ages: readonly number[]) =>
  prisma().device.createMany({
    data: ages.map((age) => ({ userId, tokenHash: hashToken(crypto.randomUUID()), lastSeenAt: ago(age) })),
  });

test("devices unseen for a year are deleted, but not the last one of a user", async () => {
  const [active, dormant] = [await createUser("active@example.com"), await createUser("dormant@example.com")];
  await addDevices(active.id, [0, 364 * DAY, 365 * DAY + 1_000, 800 * DAY]);
  await addDevices(dormant.id, [900 * DAY, 700 * DAY, 400 * DAY]);
  expect(await run(recordPurge)).toMatchObject({ devices: 4 });
  const left = await prisma().device.findMany({ where: { userId: dormant.id } });
  expect(left.map(({ lastSeenAt }) => Math.round((Date.now() - lastSeenAt.getTime()) / DAY))).toEqual([400]);
  expect(await prisma().device.count({ where: { userId: active.id } })).toBe(2);
});

test("the address of a deleted account is deleted after three days, if its last mail was not sent", async () => {
  const deleted = (age: number) => ({
    ...{ jobId: uuidv7(), dueAt: ago(age), finishedAt: ago(age), sealedAddress: `sealed ${age}` },
  });
  await prisma().accountDeletion.createMany({ data: [deleted(3 * DAY + 1_000), deleted(3 * DAY - 60_000)] });
  expect(await run(recordPurge)).toMatchObject({ sealedAddresses: 1 });
  const left = await prisma().accountDeletion.findMany({ orderBy: { finishedAt: "asc" } });
  expect(left.map(({ sealedAddress }) => sealedAddress)).toEqual([null, `sealed ${3 * DAY - 60_000}`]);
});

test("devices that are kept do not stop the purge of those behind them", async () => {
  const users = Array.from({ length: 1_500 }, (_, index) => ({
    ...{ id: uuidv7(), email: `user-${index}@example.com`, name: "Ada", passwordHash: "none" },
    verifiedAt: ago(DAY),
  }));
  await prisma().user.createMany({ data: users });
  const lastSeenAt = ago(500 * DAY);
  await prisma().device.createMany({
    data: users.map(({ id }) => ({ userId: id, tokenHash: hashToken(id), lastSeenAt })),
  });
  await addDevices(users[0]!.id, [400 * DAY, 390 * DAY]);
  expect(await run(recordPurge)).toMatchObject({ devices: 2 });
  expect(await prisma().device.count()).toBe(1_500);
});

test("a login marks its device as seen, at most once a day", async () => {
  const ada = await people.verified("seen@example.com");
  const response = await people.logIn(ada);
  const device = response.get("Set-Cookie")?.find((each) => each.startsWith("device="));
  const again = async (lastSeenAt: Date) => {
    await prisma().device.updateMany({ data: { lastSeenAt } });
    await people.logIn(ada).set("Cookie", device?.split(";")[0] ?? "");
    return (await prisma().device.findFirstOrThrow()).lastSeenAt;
  };
  const recent = ago(DAY - 60_000);
  expect(await again(recent)).toEqual(recent);
  expect((await again(ago(DAY + 1_000))).getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect(await prisma().device.count()).toBe(1);
});

test("accounts that were never verified are deleted after 30 days, with what belongs to them", async () => {
  const old = { verifiedAt: null, createdAt: ago(30 * DAY + 1_000) };
  const abandoned = await createUser("abandoned@example.com", old);
  await addSessions(abandoned.id, [ago(-DAY)]);
  const link = (userId: string, expiresAt: Date) =>
    prisma().emailVerification.create({ data: { userId, tokenHash: hashToken(userId), expiresAt } });
  await link(abandoned.id, ago(1_000));
  const kept = [
    await createUser("verified@example.com", { createdAt: ago(90 * DAY) }),
    await createUser("young@example.com", { ...old, createdAt: ago(30 * DAY - 60_000) }),
    await createUser("invited@example.com", old),
    await createUser("owner@example.com", old),
  ];
  await link(kept[2]!.id, ago(-60_000));
  const { id: projectId } = await prisma().project.create({ data: { name: "Apollo" } });
  await prisma().task.create({ data: { projectId, title: "Land", creatorId: kept[3]!.id } });

  expect(await run(accountPurge)).toEqual({ accounts: 1, kept: 2 });
  expect(await idsOf(prisma().user.findMany({ select: { id: true } }))).toEqual(
    kept.map(({ id }) => id).toSorted(),
  );
  expect(await prisma().session.count()).toBe(0);
});

test("an account is kept if its user asks for a new link while the purge looks at it", async () => {
  const old = { verifiedAt: null, createdAt: ago(40 * DAY) };
  const { id } = await createUser("late@example.com", old);
  const resend = await app.request.post("/v1/verify-email/resend").send({ email: "late@example.com" });
  expect(resend.status).toBe(202);
  expect(await run(accountPurge)).toEqual({ accounts: 0, kept: 1 });

  await prisma().emailVerification.deleteMany();
  const other = new pg.Client(app.core.url);
  await other.connect();
  try {
    await other.query("BEGIN");
    await other.query(`SELECT FROM "User" WHERE id = $1 FOR NO KEY UPDATE`, [id]);
    expect(await run(accountPurge)).toEqual({ accounts: 0, kept: 0 });
    await other.query("COMMIT");
  } finally {
    await other.end();
  }
  expect(await run(accountPurge)).toEqual({ accounts: 1, kept: 0 });
});

test("more accounts than a batch are deleted, and their addresses can sign up again", async () => {
  const data = Array.from({ length: 450 }, (_, index) => ({
    ...{ email: `user-${index}@example.com`, name: "Ada", passwordHash: "none", createdAt: ago(31 * DAY) },
  }));
  await prisma().user.createMany({ data });
  expect(await run(accountPurge)).toEqual({ accounts: 450, kept: 0 });
  expect((await people.verified("user-0@example.com")).email).toBe("user-0@example.com");
});

test("a sign-up creates the account anew if the old one is deleted at the same moment", async () => {
  await createUser("again@example.com", { verifiedAt: null });
  const other = new pg.Client(app.core.url);
  await other.connect();
  try {
    await other.query("BEGIN");
    await other.query(`DELETE FROM "User" WHERE email = 'again@example.com'`);
    const signUp = app.request.post("/v1/signup").send(people.person("again@example.com")).then();
    await until("the sign-up waits for the deletion", async () => {
      const waiting = await app.core.sql(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        [],
      );
      return waiting.length > 0;
    });
    await other.query("COMMIT");
    expect((await signUp).status).toBe(202);
  } finally {
    await other.end();
  }
  expect(await prisma().emailVerification.count({ where: { user: { email: "again@example.com" } } })).toBe(1);
});

const loadAbove = (most: string) =>
  purgeOptions({ prisma: prisma(), config: loadConfig("worker", { PURGE_MAX_STATEMENTS: most }) }).findLoad;

test("a database with more active statements than allowed is busy", async () => {
  const others = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const client = new pg.Client(app.core.url);
      await client.connect();
      const pid = (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]!.pid;
      return { client, pid, sleeping: client.query("SELECT pg_sleep(600)").catch(() => {}) };
    }),
  );
  // Or a cancellation would find no statement, and the sleep would begin after it.
  const active = `SELECT FROM pg_stat_activity WHERE pid = ANY ($1) AND state = 'active'`;
  const pids = others.map(({ pid }) => pid);
  try {
    await expect.poll(async () => (await app.core.sql(active, [pids])).length).toBe(3);
    await expect.poll(loadAbove("2")).toMatch(/^\d+ statements are active$/);
    expect(await loadAbove("10000")()).toBeUndefined();
  } finally {
    for (const pid of pids) await app.core.sql("SELECT pg_cancel_backend($1)", [pid]);
    for (const { client, sleeping } of others) {
      await sleeping;
      await client.end();
    }
  }
});
