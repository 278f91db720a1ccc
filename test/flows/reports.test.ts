import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { reportGenerate } from "../../workers/report-generate/job.ts";
import { wire as wireGenerate } from "../../workers/wiring/report-generate.ts";
import { wire as wirePurge } from "../../workers/wiring/report-purge.ts";
import type { Infrastructure } from "../../workers/wiring/infrastructure.ts";
import { createTestApp, PUBLIC_URL, type TestApp } from "../support/api/app.ts";
import { createPeople, type SignedIn } from "../support/api/people.ts";
import { createProject, readPdf } from "../support/api/reports.ts";
import { insertJob } from "../support/core/insert-job.ts";
import { drivers, keysOf } from "../support/servers/storage.ts";

/** What the job does before its attempts to store a file, and before it publishes one. */
let beforeWrite: () => Promise<unknown> = async () => {};
let beforePublish: () => Promise<unknown> = async () => {};
afterEach(() => {
  beforeWrite = beforePublish = async () => {};
});

const wireObserved = (infrastructure: Infrastructure) => {
  const { storage } = infrastructure;
  return wireGenerate({
    ...infrastructure,
    storage: {
      ...storage,
      write: async (...args) => {
        await beforeWrite();
        await storage.write(...args);
        await beforePublish();
      },
    },
  });
};

describe.each(drivers)("with files in %s", (driver) => {
  let app: TestApp;
  let owner: SignedIn;
  let viewer: SignedIn;
  let stranger: SignedIn;
  beforeAll(async () => {
    app = await createTestApp({ driver, modules: [wireObserved, wirePurge] });
    const people = createPeople(app);
    owner = await people.session("owner@example.com");
    viewer = await people.session("viewer@example.com");
    stranger = await people.session("stranger@example.com");
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const newProject = (options?: Parameters<typeof createProject>[2]) =>
    createProject(app.core.database, ["owner@example.com", "viewer@example.com"], options);
  const ask = async (body: object, who = owner) => {
    const response = await who.post("/v1/reports").send({ period: "week", ...body });
    expect([response.status, response.body]).toEqual([
      202,
      expect.objectContaining({ id: expect.any(String) }),
    ]);
    return response.body.id as string;
  };
  const show = async (id: string, who = owner) => (await who.get(`/v1/reports/${id}`)).body;
  const reaches = (id: string, state: string, who = owner) =>
    until(`report ${id} is ${state}`, async () => {
      const body = await show(id, who);
      return body.state === state && body;
    });
  const pdfOf = async (id: string, who = owner) => {
    const response = await fetch(`${app.url}/v1/reports/${id}/pdf`, { headers: { cookie: who.cookie } });
    return { response, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const filesOf = (id: string) => keysOf(app.files.storage, `reports/${id}/`);
  const jobsOf = (id: string) =>
    app.core.sql<{ id: string; name: string; state: string; error: string | null }>(
      `SELECT id, name, state::text, error FROM "Job"
       WHERE payload ->> 'reportId' = $1 OR payload ->> 'recordId' = $1 ORDER BY id`,
      [id],
    );
  const mailAbout = (id: string, address: string) =>
    until(`a mail about report ${id}`, async () =>
      (await app.mailsTo(address)).find(({ text }) => text.includes(`/reports#${id}`)),
    );
  const notificationsOf = (id: string) =>
    app.core.database.prisma.notification.findMany({ where: { recordId: id } });

  test("a request becomes a PDF, a notification and a mail with the PDF attached", async () => {
    const { projectId, people } = await newProject({ name: "Rocket 🚀 / Żuraw" });
    const id = await ask({ projectId, period: "week", attach: true }, viewer);
    const ready = await reaches(id, "READY", viewer);
    expect(ready).toMatchObject({
      ...{ projectId, projectName: "Rocket 🚀 / Żuraw", period: "WEEK", sprintId: null, zone: "UTC" },
      ...{ progress: 1, problem: null, url: `/v1/reports/${id}/pdf`, scheduleId: null },
    });
    expect(new Date(ready.firstDay).getUTCDay()).toBe(1);
    const { response, bytes } = await pdfOf(id, viewer);
    expect([response.status, bytes.length]).toEqual([200, ready.bytes]);
    expect(response.headers.get("content-type")).toBe("application/pdf");
    expect(response.headers.get("content-disposition")).toMatch(
      /^inline; filename="Rocket .*- Week \d+\.pdf"; filename\*=UTF-8''Rocket%20%F0%9F%9A%80%20_%20%C5%BBuraw%20-%20Week/,
    );
    const pages = await readPdf(bytes);
    expect(pages).toHaveLength(ready.pages);
    for (const each of ["Finished 0", "Finished 1", "Waiting 2", "Ada Lovelace"])
      expect(pages.join(" ")).toContain(each);

    const mail = await mailAbout(id, "viewer@example.com");
    expect(mail.text).toContain(`${PUBLIC_URL}/reports#${id}`);
    expect(mail.text).toContain("The PDF is attached.");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect(mail.attachments).toEqual([
      {
        ...{ contentType: "application/pdf", bytes: bytes.length, sha256 },
        filename: expect.stringMatching(/^Rocket 🚀 _ Żuraw - Week \d+\.pdf$/),
      },
    ]);
    expect(await app.headersOf(mail)).toMatch(/List-Unsubscribe: </i);
    expect(await notificationsOf(id)).toMatchObject([{ userId: people[1]?.id, kind: "report-ready" }]);
    expect(await filesOf(id)).toEqual([`reports/${id}/report.pdf`]);
  });

  test.each(["day", "MONTH", "Sprint"])("a report of a %s is made", async (period) => {
    const { projectId, sprintId } = await newProject();
    const id = await ask({ projectId, period });
    const ready = await reaches(id, "READY");
    expect(ready.sprintId).toBe(period === "Sprint" ? sprintId : null);
    expect((await readPdf((await pdfOf(id)).bytes)).join(" ")).toContain("Rocket");
    // Not attached, because it was not wanted.
    expect((await mailAbout(id, "owner@example.com")).attachments).toEqual([]);
  });

  test("a project without tasks has a report", async () => {
    const { projectId } = await newProject({ done: 0, open: 0 });
    const id = await ask({ projectId });
    expect((await reaches(id, "READY")).pages).toBeGreaterThan(0);
  });

  test("identical requests at the same time are one report, another period is another", async () => {
    const { projectId } = await newProject();
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    beforeWrite = () => released;
    const body = { projectId, period: "WEEK" };
    const ids = await Promise.all(Array.from({ length: 10 }, () => ask(body)));
    expect(new Set(ids).size).toBe(1);
    expect(await ask({ projectId, date: "2026-01-01" })).not.toBe(ids[0]);
    expect(await ask(body, viewer)).not.toBe(ids[0]);
    // Wanted later, before it is ready.
    expect(await ask({ ...body, attach: true })).toBe(ids[0]);
    release();
    await reaches(ids[0]!, "READY");
    expect((await mailAbout(ids[0]!, "owner@example.com")).attachments).toHaveLength(1);
    expect((await jobsOf(ids[0]!)).map(({ name }) => name)).toEqual(["report-generate", "email"]);
    expect(await ask(body)).not.toBe(ids[0]);
  });

  test("only members of the project ask, and only the user who asked reads and deletes", async () => {
    const { projectId } = await newProject();
    expect((await stranger.post("/v1/reports").send({ projectId, period: "DAY" })).status).toBe(404);
    const id = await ask({ projectId });
    await reaches(id, "READY");
    for (const other of [viewer, stranger]) {
      expect((await other.get(`/v1/reports/${id}`)).status).toBe(404);
      expect((await pdfOf(id, other)).response.status).toBe(404);
      expect((await other.delete(`/v1/reports/${id}`)).status).toBe(404);
      expect((await other.get(`/v1/reports?projectId=${projectId}`)).body.items).toEqual([]);
    }
    expect((await owner.get(`/v1/reports?projectId=${projectId}`)).body).toMatchObject({
      items: [{ id, state: "READY" }],
      next: null,
    });
  });

  test("a member who is removed can read the reports no more, and gets no new one", async () => {
    const { projectId, people } = await newProject();
    const id = await ask({ projectId }, viewer);
    await reaches(id, "READY", viewer);
    beforePublish = () =>
      app.core.database.prisma.projectMember.deleteMany({ where: { projectId, userId: people[1]!.id } });
    const second = await ask({ projectId, period: "DAY" }, viewer);
    const [job] = await jobsOf(second);
    expect((await app.core.reaches(job!.id, "COMPLETED")).result).toMatch(/^skipped: .*left the project/);
    for (const each of [id, second]) {
      expect((await viewer.get(`/v1/reports/${each}`)).status).toBe(404);
      expect((await pdfOf(each, viewer)).response.status).toBe(404);
    }
    expect([await filesOf(second), await notificationsOf(second)]).toEqual([[], []]);
    expect(await jobsOf(second)).toHaveLength(1);
  });

  test("a report that is deleted while it is drawn leaves no file, no mail and no notification", async () => {
    const { projectId } = await newProject();
    const deletions: number[] = [];
    beforeWrite = async () => {
      const { items } = (await owner.get(`/v1/reports?projectId=${projectId}`)).body;
      deletions.push((await owner.delete(`/v1/reports/${items[0].id}`)).status);
    };
    const id = await ask({ projectId });
    const [job] = await jobsOf(id);
    await app.core.reaches(job!.id, "COMPLETED");
    expect(deletions).toEqual([204]);
    expect([await filesOf(id), await notificationsOf(id)]).toEqual([[], []]);
    expect((await jobsOf(id)).map(({ name }) => name)).not.toContain("email");
    expect((await owner.get(`/v1/reports/${id}`)).status).toBe(404);
  });

  test("a deleted report disappears at once, its file soon after, and what may be written late after an hour", async () => {
    const { projectId } = await newProject();
    const id = await ask({ projectId });
    await reaches(id, "READY");
    expect((await owner.delete(`/v1/reports/${id}`)).status).toBe(204);
    expect((await owner.delete(`/v1/reports/${id}`)).status).toBe(404);
    expect((await pdfOf(id)).response.status).toBe(404);
    await until("its file is removed", async () => (await filesOf(id)).length === 0);
    const purges = (await jobsOf(id)).filter(({ name }) => name === "report-purge");
    expect(purges).toHaveLength(2);
    await app.files.storage.write(`reports/${id}/report.pdf`, Buffer.from("late"), "application/pdf");
    await app.core.sql(`UPDATE "Job" SET "dueAt" = now() WHERE id = $1::uuid`, [purges[1]!.id]);
    await until("the late file is removed", async () => (await filesOf(id)).length === 0);
  });

  test("a second job for the same report replaces its file, and notifies once", async () => {
    const { projectId } = await newProject();
    const id = await ask({ projectId });
    await reaches(id, "READY");
    await app.files.storage.write(`reports/${id}/report.pdf`, Buffer.from("damaged"), "application/pdf");
    const before = await keysOf(app.files.storage, "reports/");
    await app.core.reaches(await insertJob(app.core.sql, reportGenerate, { reportId: id }), "COMPLETED");
    expect(await readPdf((await pdfOf(id)).bytes)).not.toEqual([]);
    expect(await keysOf(app.files.storage, "reports/")).toEqual(before);
    expect(await notificationsOf(id)).toHaveLength(1);
    expect((await jobsOf(id)).map(({ name }) => name).toSorted()).toEqual([
      "email",
      "report-generate",
      "report-generate",
    ]);
  });

  test("while the storage is down the report waits, and it is made when the storage is back", async () => {
    const { projectId } = await newProject();
    let down = true;
    beforeWrite = () => (down ? Promise.reject(new Error("the storage is down")) : Promise.resolve());
    const id = await ask({ projectId });
    const [job] = await jobsOf(id);
    await until("an attempt has failed", async () => (await app.core.row(job!.id)).attempt > 0);
    expect(await show(id)).toMatchObject({ state: "PENDING", url: null, problem: null });
    expect((await pdfOf(id)).response.status).toBe(409);
    expect(await filesOf(id)).toEqual([]);
    down = false;
    await reaches(id, "READY");
    expect(await filesOf(id)).toHaveLength(1);
  });

  test("a report in the dead letter has failed, can be asked for again, and becomes ready when it is retried", async () => {
    const { projectId } = await newProject();
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    beforeWrite = () => released.then(() => Promise.reject(new Error("secret")));
    const id = await ask({ projectId });
    const [job] = await jobsOf(id);
    await app.core.sql(`UPDATE "Job" SET state = 'FAILED', error = 'secret' WHERE id = $1::uuid`, [job!.id]);
    const failed = await show(id);
    expect(failed).toMatchObject({
      ...{ state: "FAILED", url: null },
      problem: expect.stringContaining("could not be made"),
    });
    expect(JSON.stringify(failed)).not.toContain("secret");
    beforeWrite = async () => {};
    const again = await ask({ projectId });
    expect(again).not.toBe(id);
    release();
    await reaches(again, "READY");
    expect(await show(id)).toMatchObject({ state: "FAILED", problem: failed.problem });
    await app.core.reaches(await insertJob(app.core.sql, reportGenerate, { reportId: id }), "COMPLETED");
    expect(await show(id)).toMatchObject({ state: "READY", problem: null });
  });

  test("the user learns that a sprint was deleted before its report was made", async () => {
    const { projectId, sprintId } = await newProject();
    const { prisma } = app.core.database;
    const userId = (await prisma.user.findUniqueOrThrow({ where: { email: "owner@example.com" } })).id;
    const days = { firstDay: new Date("2026-11-01"), lastDay: new Date("2026-11-10") };
    const data = { projectId, userId, period: "SPRINT" as const, sprintId, ...days, zone: "UTC" };
    const { id } = await prisma.report.create({ data });
    await prisma.sprint.delete({ where: { id: sprintId! } });
    await insertJob(app.core.sql, reportGenerate, { reportId: id });
    expect(await reaches(id, "FAILED")).toMatchObject({ problem: "The sprint was deleted." });
  });

  describe("a schedule's slot", () => {
    const schedule = async (projectId: string, userId: string) =>
      (
        await app.core.database.prisma.schedule.create({
          data: {
            ...{ userId, projectId, job: reportGenerate.name, payload: {}, nextRunAt: new Date() },
            ...{ cadence: "WEEKLY", zone: "Asia/Kolkata", attach: true },
          },
        })
      ).id;
    const enqueueSlot = (scheduleId: string, slot = "2026-11-18") =>
      insertJob(app.core.sql, reportGenerate, { scheduleId, slot });

    test("becomes a report of the days before it, once", async () => {
      const { projectId, people } = await newProject();
      const scheduleId = await schedule(projectId, people[0]!.id);
      const job = await enqueueSlot(scheduleId);
      expect(await reaches(job, "READY")).toMatchObject({
        ...{
          period: "WEEK",
          firstDay: "2026-11-11",
          lastDay: "2026-11-17",
          zone: "Asia/Kolkata",
          scheduleId,
        },
      });
      expect((await mailAbout(job, "owner@example.com")).attachments).toHaveLength(1);
      const second = await app.core.reaches(await enqueueSlot(scheduleId), "COMPLETED");
      expect(second.result).toBe("skipped: the slot has a report already");
      expect((await owner.get(`/v1/reports?projectId=${projectId}`)).body.items).toHaveLength(1);
    });

    test("is shown as failed when its job is in the dead letter", async () => {
      const { projectId, people } = await newProject();
      const scheduleId = await schedule(projectId, people[0]!.id);
      let release = () => {};
      const released = new Promise<void>((resolve) => (release = resolve));
      beforeWrite = () => released.then(() => Promise.reject(new Error("no")));
      const job = await enqueueSlot(scheduleId);
      await until("it is there", async () => (await show(job)).state === "PENDING");
      await app.core.sql(`UPDATE "Job" SET state = 'FAILED' WHERE id = $1::uuid`, [job]);
      expect((await show(job)).state).toBe("FAILED");
      expect((await owner.get("/v1/reports?limit=1")).body.items).toMatchObject([
        { id: job, state: "FAILED" },
      ]);
      release();
    });

    test("is skipped without its schedule or a membership, and after its report was deleted", async () => {
      const { projectId, people } = await newProject();
      const result = async (id: string) => (await app.core.reaches(id, "COMPLETED")).result;
      expect(await result(await enqueueSlot(crypto.randomUUID()))).toBe("skipped: the schedule was deleted");
      const left = await schedule(projectId, people[1]!.id);
      await app.core.database.prisma.projectMember.deleteMany({
        where: { userId: people[1]!.id, projectId },
      });
      expect(await result(await enqueueSlot(left))).toBe(
        "skipped: the user is no longer a member of the project",
      );

      const scheduleId = await schedule(projectId, people[0]!.id);
      beforeWrite = async () => {
        const { items } = (await owner.get(`/v1/reports?projectId=${projectId}`)).body;
        for (const { id } of items) await owner.delete(`/v1/reports/${id}`);
        throw new Error("the storage is down");
      };
      const job = await enqueueSlot(scheduleId);
      expect(await result(job)).toBe("skipped: the report was deleted");
      expect((await owner.get(`/v1/reports?projectId=${projectId}`)).body.items).toEqual([]);
      expect(await filesOf(job)).toEqual([]);
    });
  });

  test.each([
    ["no project", { projectId: "x" }, "projectId"],
    ["no period", { period: "YEAR" }, "period"],
    ["a day that does not exist", { date: "2026-02-30" }, "date"],
    ["a day ahead", { period: "DAY", date: "2999-01-01" }, "date"],
    ["the sprint of another project", { period: "SPRINT", sprintId: crypto.randomUUID() }, "sprintId"],
  ])("%s is rejected", async (_what, change, field) => {
    const { projectId } = await newProject();
    const { status, body } = await owner.post("/v1/reports").send({ projectId, period: "WEEK", ...change });
    expect([status, body.errors?.map((each: { field: string }) => each.field)]).toEqual([422, [field]]);
  });

  test.each(["project", "sprint"])(
    "a report of a %s that is deleted meanwhile is rejected",
    async (deleted) => {
      const { projectId, sprintId } = await newProject();
      const response = await app.core.database.prisma.$transaction(async (tx) => {
        if (deleted === "project") await tx.project.delete({ where: { id: projectId } });
        else await tx.sprint.delete({ where: { id: sprintId! } });
        const asked = owner.post("/v1/reports").send({ projectId, period: "SPRINT" });
        const responding = asked.then((each) => each);
        await until("the request waits", async () => {
          const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
          return (await app.core.sql(waiting, [])).length > 0;
        });
        return { responding };
      });
      expect((await response.responding).status).toBe(404);
    },
  );

  test("a sprint report of a project without sprints is rejected with its reason", async () => {
    const { projectId } = await newProject({ sprint: false });
    const { status, body } = await owner.post("/v1/reports").send({ projectId, period: "SPRINT" });
    expect([status, body.type]).toEqual([409, "/problems/no-sprint"]);
  });
});

test("while the mail provider is down the report is ready, and its mail arrives after the recovery", async () => {
  await using app = await createTestApp({ modules: [wireGenerate] });
  const owner = await createPeople(app).session("owner@example.com");
  const { projectId } = await createProject(app.core.database, ["owner@example.com"]);
  await app.setMailOutage("refuse");
  const { body } = await owner.post("/v1/reports").send({ projectId, period: "week" });
  await until("it is ready", async () => (await owner.get(body.url)).body.state === "READY");
  const mailJob = await until("its mail has failed once", async () => {
    const [job] = await app.core.sql<{ id: string }>(
      `SELECT id FROM "Job" WHERE payload ->> 'recordId' = $1 AND attempt > 0`,
      [body.id],
    );
    return job;
  });
  await app.setMailOutage("off");
  await app.core.reaches(mailJob.id, "COMPLETED");
  const mails = (await app.mailsTo("owner@example.com")).filter(({ text }) => text.includes(body.id));
  expect(mails).toHaveLength(1);
});
