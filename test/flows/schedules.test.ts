import { randomUUID } from "node:crypto";
import { Temporal } from "@js-temporal/polyfill";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { MemberRole } from "../../prisma/client/client.ts";
import { until } from "../../scripts/processes/until.ts";
import { enqueueIfDue } from "../../workers/wiring/recurring.ts";
import { wire as wireDispatch } from "../../workers/wiring/schedule-dispatch.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";

let app: TestApp;
let ada: SignedIn;
let bob: SignedIn;
let projectId: string;
const ids: Record<string, string> = {};

beforeAll(async () => {
  app = await createTestApp({ modules: [wireDispatch] });
  const people = createPeople(app);
  [ada, bob] = [await people.session("ada@example.com"), await people.session("bob@example.com")];
  for (const each of await app.core.database.prisma.user.findMany()) ids[each.email] = each.id;
});
afterAll(() => app[Symbol.asyncDispose]());

beforeEach(async () => {
  await ada.patch("/v1/me").send({ zone: "Europe/Warsaw" });
  ({ id: projectId } = await app.core.database.prisma.project.create({ data: { name: "Orbit" } }));
  await join("ada@example.com", "VIEWER");
});

const join = (email: string, role: MemberRole) =>
  app.core.database.prisma.projectMember.create({ data: { projectId, userId: ids[email]!, role } });

const daily = { cadence: "DAILY", hour: 8, minute: 0, delivery: "LINK" };
const put = (body: object, as = ada) => as.put(`/v1/report-schedules/${projectId}`).send(body);
const get = async () => (await ada.get(`/v1/report-schedules/${projectId}`)).body;

/** Moves the next run of the schedule back, as if that much time had passed. */
const moveBack = (interval: string) =>
  app.core.sql(
    `UPDATE "Schedule" SET "nextRunAt" = "nextRunAt" - $2::interval WHERE "projectId" = $1::uuid`,
    [projectId, interval],
  );

/** What the clock of a worker process does every 5 s; then waits until the dispatch has ended. */
const dispatch = async () => {
  await app.core.sql(`UPDATE "Job" SET key = id::text WHERE name = 'schedule-dispatch'`, []); // the tick is over
  await enqueueIfDue(app.core.sql, app.core.jobs);
  await until(
    "no dispatch is open",
    async () =>
      (
        await app.core.sql(
          `SELECT FROM "Job" WHERE name = 'schedule-dispatch' AND state IN ('PENDING', 'PUBLISHED')`,
          [],
        )
      ).length === 0,
  );
};

interface Enqueued {
  payload: { scheduleId: string; slot: string };
  key: string;
  priority: number;
  batchId: string;
}
const jobs = async (): Promise<Enqueued[]> => {
  const { id } = await get();
  return app.core.sql<Enqueued>(
    `SELECT payload, key, priority, "batchId" FROM "Job" WHERE name = 'report-generate' AND payload ->> 'scheduleId' = $1
     ORDER BY id`,
    [id],
  );
};

test("a schedule is saved, shown with its next three runs, changed and deleted", async () => {
  const saved = await put(daily);
  expect(saved.status).toBe(200);
  expect(saved.body).toMatchObject({ projectId, ...daily, zone: "Europe/Warsaw", paused: false, missed: 0 });
  expect(saved.body.nextRuns).toHaveLength(3);
  for (const { local, utc } of saved.body.nextRuns) {
    expect(local).toMatch(/^\d{4}-\d\d-\d\dT08:00:00\+0[12]:00\[Europe\/Warsaw\]$/);
    expect(Temporal.ZonedDateTime.from(local).epochMilliseconds).toBe(Date.parse(utc));
  }
  expect(await get()).toEqual(saved.body);
  expect((await ada.get("/v1/report-schedules")).body.items[0]).toEqual(saved.body);

  const weekly = {
    cadence: "WEEKLY",
    hour: 9,
    minute: 30,
    weekday: 1,
    zone: "Asia/Kolkata",
    delivery: "ATTACHMENT",
  };
  const changed = await put(weekly);
  expect(changed.body).toMatchObject({ id: saved.body.id, ...weekly, dayOfMonth: null });
  expect(Temporal.ZonedDateTime.from(changed.body.nextRuns[0].local).dayOfWeek).toBe(1);

  expect((await ada.delete(`/v1/report-schedules/${projectId}`)).status).toBe(204);
  expect((await ada.get(`/v1/report-schedules/${projectId}`)).status).toBe(404);
});

test("a preview shows the next runs and saves nothing", async () => {
  const preview = (body: object) => ada.post("/v1/report-schedules/preview").send(body);
  const { body } = await preview({ cadence: "MONTHLY", dayOfMonth: 31, hour: 7, minute: 0 });
  for (const { local } of body.nextRuns) {
    const date = Temporal.ZonedDateTime.from(local);
    expect([date.day, date.hour]).toEqual([date.daysInMonth, 7]);
  }
  expect(await app.core.database.prisma.schedule.count({ where: { projectId } })).toBe(0);
});

test.for([
  [{ ...daily, zone: "Europe/Atlantis" }, "zone"],
  [{ ...daily, zone: "+01:00" }, "zone"],
  [{ ...daily, hour: 24 }, "hour"],
  [{ cadence: "DAILY", delivery: "LINK" }, "hour"],
  // Only the live page may ask for it.
  [{ ...daily, cadence: "MINUTES", minutes: 1 }, "cadence"],
  [{ ...daily, cadence: "WEEKLY" }, "weekday"],
  [{ ...daily, cadence: "MONTHLY" }, "dayOfMonth"],
] as const)("%j is refused because of its %s", async ([body, field]) => {
  const { status, body: problem } = await put(body);
  expect([status, problem.errors.map((error: { field: string }) => error.field)]).toEqual([422, [field]]);
});

test("only a member can schedule reports, and sees only their own", async () => {
  await put(daily);
  expect((await put(daily, bob)).status).toBe(404);
  await join("bob@example.com", "MEMBER");
  expect((await bob.get(`/v1/report-schedules/${projectId}`)).status).toBe(404);
  expect((await put({ ...daily, hour: 9 }, bob)).status).toBe(200);
  expect((await get()).hour).toBe(8);
});

test("two requests at once save one schedule", async () => {
  const saved = await Promise.all([put(daily), put({ ...daily, hour: 9 })]);
  expect(saved.map(({ status }) => status)).toEqual([200, 200]);
  expect(await app.core.database.prisma.schedule.count({ where: { projectId } })).toBe(1);
});

test("at its slot, the job is enqueued once, with the slot as its key, in a batch", async () => {
  const { id, nextRuns } = (await put(daily)).body;
  await dispatch();
  expect(await jobs()).toEqual([]);

  await moveBack("1 day");
  const slot = Temporal.ZonedDateTime.from(nextRuns[0].local).subtract({ days: 1 }).toPlainDate().toString();
  await dispatch();
  await dispatch();
  const [job, ...others] = await jobs();
  expect(others).toEqual([]);
  expect(job).toMatchObject({
    payload: { scheduleId: id, slot },
    key: `schedule:${id}:${slot}`,
    priority: 10,
  });
  expect(await get()).toMatchObject({ nextRuns, missed: 0, lastRunAt: expect.any(String) });

  await app.core.sql(`UPDATE "User" SET role = 'ADMIN' WHERE email = 'bob@example.com'`, []);
  const counts = { total: 1, running: 0, done: 0, failed: 0, cancelled: 0, waiting: 1 };
  const { body } = await bob.get(`/v1/batches/${job!.batchId}`);
  expect(body).toMatchObject({ ...counts, name: expect.stringMatching(/^report-generate \d{4}-/) });
  expect((await bob.get("/v1/batches")).body.items).toContainEqual(body);
  expect((await bob.get(`/v1/batches/${randomUUID()}`)).status).toBe(404);
  await app.core.sql(`UPDATE "User" SET role = 'USER' WHERE email = 'bob@example.com'`, []);
});

test("after an outage of four days, the latest slot runs and three are counted as missed", async () => {
  const { nextRuns } = (await put(daily)).body;
  await moveBack("4 days");
  await dispatch();
  expect(await jobs()).toHaveLength(1);
  expect(await get()).toMatchObject({ missed: 3, nextRuns });
});

test("a paused schedule keeps its row and does not run; continued, it starts with the next slot", async () => {
  await put({ ...daily, paused: true });
  await moveBack("3 days");
  await dispatch();
  expect(await jobs()).toEqual([]);
  expect(await get()).toMatchObject({ paused: true, nextRuns: [] });
  await put(daily);
  await dispatch();
  expect(await jobs()).toEqual([]);
  expect(await get()).toMatchObject({ paused: false, missed: 0 });
});

test("a user who has left the project gets no report, and the schedule is removed", async () => {
  await put(daily);
  await app.core.database.prisma.projectMember.deleteMany({ where: { projectId } });
  expect((await ada.get(`/v1/report-schedules/${projectId}`)).status).toBe(404);
  await moveBack("1 day");
  await dispatch();
  expect(await app.core.database.prisma.schedule.count({ where: { projectId } })).toBe(0);
});

test("a changed time of day or zone gives no local day a second report", async () => {
  const { id } = (await put(daily)).body;
  // Today's slot was taken in Kiritimati, where today begins first of all zones.
  const today = Temporal.Now.plainDateISO("Pacific/Kiritimati").toString();
  await app.core.sql(`UPDATE "Schedule" SET "lastSlot" = $2 WHERE id = $1::uuid`, [id, today]);
  for (const zone of ["Pacific/Kiritimati", "Europe/Warsaw", "America/New_York", "Pacific/Pago_Pago"])
    for (const hour of [0, 12, 23]) {
      const { body } = await put({ ...daily, hour, zone });
      expect(body.nextRuns[0].local.slice(0, 10) > today).toBe(true);
      const [row] = await app.core.sql<{ nextRunAt: Date }>(
        `SELECT "nextRunAt" FROM "Schedule" WHERE id = $1::uuid`,
        [id],
      );
      expect(row!.nextRunAt.toISOString()).toBe(body.nextRuns[0].utc);
    }
});

test("a schedule that is deleted and saved again gives no local day a second report", async () => {
  const day = (await put(daily)).body.nextRuns[0].local.slice(0, 10) as string;
  const date = new Date(day);
  await app.core.database.prisma.report.create({
    data: {
      ...{ projectId, userId: ids["ada@example.com"]!, period: "DAY", zone: "Europe/Warsaw", slot: day },
      ...{ firstDay: date, lastDay: date },
    },
  });
  await ada.delete(`/v1/report-schedules/${projectId}`);
  const nextDay = new Date(date.getTime() + 86_400_000).toISOString().slice(0, 10);
  expect((await put(daily)).body.nextRuns[0].local.slice(0, 10)).toBe(nextDay);
});

test("schedules in the user's zone follow it when it changes, others stay", async () => {
  await put(daily);
  await ada.patch("/v1/me").send({ zone: "America/New_York" });
  const followed = await get();
  expect(followed.zone).toBe("America/New_York");
  expect(followed.nextRuns[0].local).toMatch(/T08:00:00-0[45]:00\[America\/New_York\]$/);
  await put({ ...daily, zone: "Asia/Kolkata" });
  await ada.patch("/v1/me").send({ zone: "Europe/Warsaw" });
  expect((await get()).zone).toBe("Asia/Kolkata");
});

test("no second dispatch is enqueued while one is open, and none if nothing is due", async () => {
  const count = () => app.core.database.prisma.job.count({ where: { name: "schedule-dispatch" } });
  await put(daily);
  const before = await count();
  await enqueueIfDue(app.core.sql, app.core.jobs);
  expect(await count()).toBe(before);
  const open = randomUUID();
  await app.core.sql(
    `INSERT INTO "Job" (id, name, payload, key, "dueAt") VALUES ($1::uuid, 'schedule-dispatch', '{}', $2, now() + interval '1 day')`,
    [open, new Date().toISOString()],
  );
  await moveBack("1 day");
  await enqueueIfDue(app.core.sql, app.core.jobs);
  expect(await count()).toBe(before + 1);
  await app.core.sql(`DELETE FROM "Job" WHERE id = $1::uuid`, [open]);
});
