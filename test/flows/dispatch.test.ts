import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { loadConfig } from "../../infra/config.ts";
import { until } from "../../scripts/processes/until.ts";
import { email } from "../../workers/email/job.ts";
import type { SystemSchedule } from "../../workers/schedules.ts";
import type { Infrastructure } from "../../workers/wiring/infrastructure.ts";
import { startSchedules } from "../../workers/wiring/recurring.ts";
import { wire } from "../../workers/wiring/schedule-dispatch.ts";
import { override, writeSystemSchedules } from "../../workers/wiring/system-schedules.ts";
import { uploadPurge } from "../../workers/upload-purge/job.ts";
import { type Core, createCore } from "../support/core/core.ts";

const log = { info: () => {}, warn: () => {}, error: () => {} };

let core: Core;
beforeAll(async () => {
  core = await createCore();
});
afterAll(() => core[Symbol.asyncDispose]());
beforeEach(() =>
  core.sql(`TRUNCATE "Job", "JobBatch", "JobLease", "Schedule", "User", "Project" CASCADE`, []),
);

const worker = () =>
  wire({
    config: loadConfig("worker", {}),
    log,
    prisma: core.database.prisma,
    jobs: core.jobs,
    storage: {} as Infrastructure["storage"],
    onClose: () => {},
  });

const dispatch = () =>
  worker().handler({ tick: new Date().toISOString() }, {
    signal: new AbortController().signal,
    progress: async () => {},
  } as never) as Promise<{ enqueued: number }>;

/** Daily schedules of as many users that are due since a minute. */
const insertDue = async (count: number) => {
  await core.sql(`INSERT INTO "Project" (id, name) VALUES (gen_random_uuid(), 'Orbit')`, []);
  await core.sql(
    `INSERT INTO "User" (id, email, name, "passwordHash")
     SELECT gen_random_uuid(), n || '@due.example', 'Ada', '-' FROM generate_series(1, $1::int) n`,
    [count],
  );
  await core.sql(
    `INSERT INTO "ProjectMember" ("projectId", "userId", role) SELECT p.id, u.id, 'MEMBER' FROM "Project" p, "User" u`,
    [],
  );
  await core.sql(
    `INSERT INTO "Schedule" (id, "userId", "projectId", job, payload, cadence, hour, minute, zone, "nextRunAt")
     SELECT gen_random_uuid(), "userId", "projectId", 'report-generate', '{}', 'DAILY', extract(hour FROM now() AT TIME ZONE 'UTC')::int,
            extract(minute FROM now() AT TIME ZONE 'UTC')::int, 'UTC', date_trunc('minute', now())
     FROM "ProjectMember"`,
    [],
  );
};

test("two dispatchers at once share the schedules, and each slot is enqueued once", async () => {
  await insertDue(3_000);
  const [one, other] = await Promise.all([dispatch(), dispatch()]);
  expect(one.enqueued + other.enqueued).toBe(3_000);
  expect(Math.min(one.enqueued, other.enqueued)).toBeGreaterThan(0);
  expect(
    await core.sql(
      `SELECT count(*)::int AS jobs, count(DISTINCT payload ->> 'scheduleId')::int AS schedules FROM "Job"`,
      [],
    ),
  ).toEqual([{ jobs: 3_000, schedules: 3_000 }]);
  expect(await core.sql(`SELECT total FROM "JobBatch"`, [])).toEqual([{ total: 3_000 }]);
  expect(await dispatch()).toMatchObject({ enqueued: 0 });
});

test("an urgent mail passes a flood of 10,000 jobs, of which the broker gets the first 1,000", async () => {
  await insertDue(10_000);
  await dispatch();
  const [user] = await core.sql<{ id: string }>(`SELECT id FROM "User" LIMIT 1`, []);
  const mail = await core.jobs.transaction(({ enqueue }) =>
    enqueue(email, { template: "password-reset", userId: user!.id }),
  );
  core.startRelay();
  await core.reaches(mail, "PUBLISHED");
  const [before] = await core.sql<{ count: number }>(
    `SELECT count(*)::int FROM "Job" WHERE "batchId" IS NOT NULL
       AND "publishedAt" < (SELECT "publishedAt" FROM "Job" WHERE id = $1::uuid)`,
    [mail],
  );
  expect(before!.count).toBeLessThanOrEqual(500);
  const published = async () =>
    core.database.prisma.job.count({ where: { state: "PUBLISHED", batchId: { not: null } } });
  await until("the broker has as many as it may", async () => (await published()) === 1_000, 60_000);
});

const entry = (name: string, cadence: SystemSchedule["cadence"]): SystemSchedule => ({
  name,
  job: uploadPurge,
  payload: { uploadId: "01932b5e-0000-7000-8000-000000000001" },
  cadence,
});

const rows = () =>
  core.sql<{ name: string; nextRunAt: Date }>(
    `SELECT name, cadence::text, minutes, hour, minute, zone, "nextRunAt" FROM "Schedule" ORDER BY name`,
    [],
  );

test("the system's table is written to rows: new, changed and removed entries", async () => {
  const table = [
    entry("a", { every: "day", hour: 3, minute: 15 }),
    entry("b", { every: "minutes", minutes: 10 }),
  ];
  await Promise.all([writeSystemSchedules(core.sql, table), writeSystemSchedules(core.sql, table)]);
  const [a, b] = await rows();
  const utc = { hour: 0, minute: 0, minutes: null, zone: "UTC", nextRunAt: expect.any(Date) };
  expect([a, b]).toEqual([
    { ...utc, name: "a", cadence: "DAILY", hour: 3, minute: 15 },
    { ...utc, name: "b", cadence: "MINUTES", minutes: 10 },
  ]);
  expect(a!.nextRunAt.toISOString()).toMatch(/T03:15:00.000Z$/);

  await core.sql(`UPDATE "Schedule" SET "nextRunAt" = '2020-01-01Z', "lastSlot" = '2019-12-31'`, []);
  await writeSystemSchedules(core.sql, [table[0]!, entry("b", { every: "minutes", minutes: 20 })]);
  const [kept, changed] = await rows();
  expect(kept!.nextRunAt.toISOString()).toBe("2020-01-01T00:00:00.000Z");
  expect(changed).toMatchObject({ minutes: 20 });
  expect(changed!.nextRunAt.getTime()).toBeGreaterThan(Date.now());

  await writeSystemSchedules(core.sql, [table[0]!]);
  expect((await rows()).map(({ name }) => name)).toEqual(["a"]);
});

test("the configuration overrides cadences, leaves entries out, and names those that do not exist", () => {
  const table = [entry("a", { every: "day", hour: 3 }), entry("b", { every: "minutes", minutes: 10 })];
  const cadences = new Map<string, SystemSchedule["cadence"] | "off">([
    ["a", { every: "minutes", minutes: 5 }],
    ["b", "off"],
    ["c", "off"],
  ]);
  expect(override(table, cadences)).toEqual({
    table: [entry("a", { every: "minutes", minutes: 5 })],
    unknown: ["c"],
  });
  expect(override(table)).toEqual({ table, unknown: [] });
});

test("a process that starts writes the table, and its clock enqueues a dispatch when an entry is due", async () => {
  const clock = startSchedules({ database: core.database.jobs, jobs: core.jobs, log }, [
    entry("a", { every: "minutes", minutes: 1_440 }),
  ]);
  try {
    await until("the row is written", async () => (await rows()).length === 1);
    await core.sql(`UPDATE "Schedule" SET "nextRunAt" = now() - interval '1 minute'`, []);
    const found = await until("a dispatch is enqueued", async () => {
      const [job] = await core.sql<{ payload: { tick: string } }>(
        `SELECT payload FROM "Job" WHERE name = 'schedule-dispatch'`,
        [],
      );
      return job;
    });
    expect(new Date(found.payload.tick).getTime() % 5_000).toBe(0);
  } finally {
    await clock.close();
  }
});
