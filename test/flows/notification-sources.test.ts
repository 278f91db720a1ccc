import { v7 as uuidv7 } from "uuid";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { replayJobs } from "../../workers/core/index.ts";
import { email } from "../../workers/email/job.ts";
import { imageResize } from "../../workers/image-resize/job.ts";
import { reportGenerate } from "../../workers/report-generate/job.ts";
import { wire as wireResize } from "../../workers/wiring/image-resize.ts";
import { wire as wireGenerate } from "../../workers/wiring/report-generate.ts";
import { createTestApp, PUBLIC_URL, type TestApp } from "../support/api/app.ts";
import { createPeople, type People, type SignedIn } from "../support/api/people.ts";
import { createPlanner } from "../support/api/projects.ts";
import { brokerContent, tablesContent } from "../support/core/broker-content.ts";
import { insertJob } from "../support/core/insert-job.ts";

/** What the report's job does before it stores its file. */
let beforeWrite: () => Promise<unknown> = async () => {};
let app: TestApp;
let people: People;
beforeAll(async () => {
  app = await createTestApp({
    modules: [
      (infrastructure) => {
        const { storage } = infrastructure;
        const write: typeof storage.write = async (...args) => {
          await beforeWrite();
          await storage.write(...args);
        };
        return wireGenerate({ ...infrastructure, storage: { ...storage, write } });
      },
      (infrastructure) => {
        const read = () => Promise.reject(new Error("the storage is down"));
        return wireResize({ ...infrastructure, storage: { ...infrastructure.storage, read } });
      },
    ],
  });
  people = createPeople(app);
});
afterAll(() => app[Symbol.asyncDispose]());
afterEach(() => {
  beforeWrite = async () => {};
});

const prisma = () => app.core.database.prisma;

interface Member {
  id: string;
  address: string;
  session: SignedIn;
}

let members = 0;
const newMember = async (name: string): Promise<Member> => {
  const address = `member-${++members}@example.com`;
  const session = await people.session(address);
  await session.patch("/v1/me").send({ name });
  return { id: (await session.get("/v1/me")).body.id, address, session };
};

/** A project of the first, with the others as members. */
const newProject = async ([owner, ...others]: Member[], more: object = {}) => {
  const plan = createPlanner(owner!.session);
  const { id } = await plan.project(more);
  for (const { id: userId } of others) await addMember(id, userId);
  return { id, plan };
};
const addMember = (projectId: string, userId: string) =>
  prisma().projectMember.create({ data: { projectId, userId, role: "MEMBER" } });

const about = (recordId: string) =>
  prisma().notification.findMany({ where: { recordId }, orderBy: { id: "asc" } });
const jobsAbout = async (...recordIds: string[]) =>
  (
    await app.core.sql<{ name: string; template: string | null; userId: string }>(
      `SELECT name, payload->>'template' AS template, payload->>'userId' AS "userId" FROM "Job"
       WHERE payload->>'recordId' = ANY($1) ORDER BY id`,
      [recordIds],
    )
  ).map(({ name, template, userId }) => ({ name, template, userId }));
const mailAbout = ({ address }: Member, text: string) =>
  until(`a mail to ${address} with ${text}`, async () =>
    (await app.mailsTo(address)).find((mail) => mail.text.includes(text)),
  );

test("the one who is assigned a task is notified, when it is created and when it changes", async () => {
  const [ada, grace] = [await newMember("Ada Lovelace"), await newMember("Grace Hopper")];
  const { id: projectId, plan } = await newProject([ada, grace], { name: "Apollo" });
  const task = await plan.task(projectId, { title: "Fuel the rocket", assigneeId: grace.id });
  const written = await about(task.id);
  expect(written).toMatchObject([
    { userId: grace.id, kind: "task-assigned", sequence: 1, actorId: ada.id, inApp: true, push: true },
  ]);
  const listed = (await grace.session.get("/v1/notifications")).body.items;
  expect(listed).toMatchObject([{ title: "Ada Lovelace assigned you a task", actorName: "Ada Lovelace" }]);
  const mail = await mailAbout(grace, task.id);
  expect(mail.subject).toBe("Ada Lovelace assigned you a task");
  expect(mail.text).toContain("Fuel the rocket, in Apollo");
  expect(mail.text).toContain(`${PUBLIC_URL}/projects#${projectId}/${task.id}`);
  expect(await app.headersOf(mail)).toMatch(/List-Unsubscribe: </i);
  expect(await jobsAbout(written[0]!.id)).toEqual([
    { name: "email", template: "notification", userId: grace.id },
  ]);

  const change = async (body: object) => {
    expect((await ada.session.patch(`/v1/tasks/${task.id}`).send(body)).status).toBe(200);
    return (await about(task.id)).map(({ userId, sequence }) => [userId, sequence]);
  };
  const first = [grace.id, 1];
  expect(await change({ assigneeId: grace.id, title: "Fuel it" })).toEqual([first]);
  expect(await change({ assigneeId: ada.id })).toEqual([first]);
  expect(await change({ assigneeId: null })).toEqual([first]);
  expect(await change({ assigneeId: grace.id })).toEqual([first, [grace.id, 2]]);
  expect(await change({ state: "DONE" })).toHaveLength(2);
});

test("assigning yourself, or one who is no member, notifies no one", async () => {
  const [ada, stranger] = [await newMember("Ada Lovelace"), await newMember("Eve")];
  const { id: projectId, plan } = await newProject([ada]);
  const own = await plan.task(projectId, { assigneeId: ada.id });
  expect(await about(own.id)).toEqual([]);
  const path = `/v1/projects/${projectId}/tasks`;
  const refused = await ada.session.post(path).send({ title: "Spy", assigneeId: stranger.id });
  expect(refused.status).toBe(422);
  expect(await prisma().notification.count({ where: { userId: stranger.id, kind: "task-assigned" } })).toBe(
    0,
  );
});

test("a request that is repeated under its key notifies once", async () => {
  const [ada, grace] = [await newMember("Ada Lovelace"), await newMember("Grace Hopper")];
  const { id: projectId, plan } = await newProject([ada, grace]);
  const create = (path: string, body: object) =>
    ada.session.post(path).set("Idempotency-Key", `key-${path}`).send(body);
  const tasks = `/v1/projects/${projectId}/tasks`;
  const responses = await Promise.all(
    Array.from({ length: 5 }, () => create(tasks, { title: "Fuel it", assigneeId: grace.id })),
  );
  const [taskId, ...others] = new Set(responses.map(({ body }) => body.id as string));
  expect(others).toEqual([]);
  expect(await about(taskId!)).toHaveLength(1);
  const { id } = await plan.task(projectId);
  for (let times = 0; times < 2; times++)
    await create(`/v1/tasks/${id}/comments`, { body: "@Grace Hopper please" });
  expect(await prisma().notification.count({ where: { userId: grace.id, kind: "mention" } })).toBe(1);
});

test("a comment notifies the members whom it mentions, each once, and its author never", async () => {
  const names = ["Ada Lovelace", "Ada", "Zoë Żuraw", "Eve"];
  const [lovelace, ada, zoë, eve] = await Promise.all(names.map(newMember));
  const { id: projectId, plan } = await newProject([lovelace!, ada!, zoë!], { name: "Apollo" });
  const task = await plan.task(projectId, { title: "Fuel the rocket" });
  const { id } = await plan.comment(task.id, "@ada, @Ada Lovelace and @Eve: look. @ada again.");
  expect(await about(id)).toMatchObject([{ userId: ada!.id, kind: "mention", actorId: lovelace!.id }]);
  const mail = await mailAbout(ada!, task.id);
  expect(mail.subject).toBe("Ada Lovelace mentioned you in a comment");
  expect(mail.text).toContain("Fuel the rocket, in Apollo");
  expect(mail.text).not.toContain("again");

  const edit = async (body: string) => {
    expect((await lovelace!.session.patch(`/v1/comments/${id}`).send({ body })).status).toBe(200);
    return (await about(id)).map(({ userId }) => userId).toSorted();
  };
  expect(await edit("@Ada: look again.")).toEqual([ada!.id]);
  expect(await edit("No one.")).toEqual([ada!.id]);
  const both = [ada!.id, zoë!.id].toSorted();
  expect(await edit("@ada and @ZOË ŻURAW")).toEqual(both);
  // At the same time, by requests that all see the comment before it changes.
  await addMember(projectId, eve!.id);
  const edits = Array.from({ length: 8 }, () =>
    lovelace!.session.patch(`/v1/comments/${id}`).send({ body: "@Eve and @ada" }),
  );
  expect((await Promise.all(edits)).map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect((await about(id)).map(({ userId }) => userId).toSorted()).toEqual([...both, eve!.id].toSorted());
  expect(await jobsAbout(...(await about(id)).map((each) => each.id))).toHaveLength(3);
});

test("one comment notifies 20 members at most, also over its edits", async () => {
  const ada = await newMember("Ada Lovelace");
  const { id: projectId, plan } = await newProject([ada]);
  const many = Array.from({ length: 30 }, (_, index) => ({
    ...{ id: uuidv7(), email: `many-${index}@example.com`, name: `Many ${index}`, passwordHash: "" },
    verifiedAt: new Date(),
  }));
  await prisma().user.createMany({ data: many });
  await prisma().projectMember.createMany({
    data: many.map(({ id: userId }) => ({ projectId, userId, role: "VIEWER" as const })),
  });
  const task = await plan.task(projectId);
  const mentions = (from: number, to: number) =>
    many
      .slice(from, to)
      .map(({ name }) => `@${name}`)
      .join(" ");
  const { id } = await plan.comment(task.id, mentions(0, 15));
  expect(await about(id)).toHaveLength(15);
  await ada.session.patch(`/v1/comments/${id}`).send({ body: mentions(0, 30) });
  const notified = (await about(id)).map(({ userId }) => userId);
  expect(notified.toSorted()).toEqual(many.slice(0, 20).map((each) => each.id));
});

test("comments that mention the same members in another order do not block each other", async () => {
  const [ada, grace, ...mentioned] = await Promise.all(["Ada", "Grace", "Joan", "Edith"].map(newMember));
  const { id: projectId, plan } = await newProject([ada!, grace!, ...mentioned]);
  const task = await plan.task(projectId);
  const write = (author: Member, body: string) =>
    author.session.post(`/v1/tasks/${task.id}/comments`).send({ body });
  const comments = Array.from({ length: 16 }, (_, index) =>
    index % 2 ? write(ada!, "@Joan and @Edith") : write(grace!, "@Edith and @Joan"),
  );
  expect((await Promise.all(comments)).map(({ status }) => status)).toEqual(Array(16).fill(201));
  for (const { id: userId } of mentioned) {
    const rows = await prisma().notification.findMany({ where: { userId }, orderBy: { sequence: "asc" } });
    expect(rows.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
  }
});

test("a login with a new browser is one notification and one mail, with a known one it is none", async () => {
  const person = await people.verified("browser@example.com");
  const { id: userId } = await prisma().user.findUniqueOrThrow({ where: { email: person.email } });
  const written = () => prisma().notification.findMany({ where: { userId } });
  const first = await people.logIn(person);
  const device =
    first
      .get("Set-Cookie")
      ?.find((each) => each.startsWith("device="))
      ?.split(";")[0] ?? "";
  await app.request.post("/v1/login").set("Cookie", device).send(person);
  expect(await written()).toEqual([]);

  await people.logIn(person);
  const [notification, ...others] = await written();
  const sessions = await prisma().session.findMany({ where: { userId }, orderBy: { id: "desc" } });
  expect([notification, others]).toMatchObject([{ kind: "new-sign-in", recordId: sessions[0]!.id }, []]);
  await app.mailTo(person.email, "A new sign-in to your account");
  expect(await jobsAbout(notification!.id, sessions[0]!.id)).toEqual([
    { name: "email", template: "new-sign-in", userId },
  ]);
});

test("a report that cannot be made notifies once, and again when it is made after all", async () => {
  const ada = await newMember("Ada Lovelace");
  const { id: projectId } = await newProject([ada], { name: "Apollo" });
  const kindsOf = async (id: string) => (await about(id)).map(({ kind }) => kind);
  await prisma().notificationChoice.create({
    data: { userId: ada.id, kind: "report-failed", inApp: true, push: true, mail: true },
  });
  beforeWrite = () => Promise.reject(new Error("the storage is down"));
  const { body } = await ada.session.post("/v1/reports").send({ projectId, period: "week" });
  const [job] = await app.core.sql<{ id: string }>(
    `SELECT id FROM "Job" WHERE name = 'report-generate' AND payload->>'reportId' = $1`,
    [body.id],
  );
  await until("an attempt has failed", async () => (await app.core.row(job!.id)).attempt > 0);
  expect(await kindsOf(body.id)).toEqual([]);
  const isLast = `UPDATE "Job" SET attempt = ${reportGenerate.attempts - 1} WHERE id = $1::uuid`;
  await app.core.sql(isLast, [job!.id]);
  await app.core.reaches(job!.id, "FAILED");
  expect(await kindsOf(body.id)).toEqual(["report-failed"]);
  const shown = (await ada.session.get(`/v1/reports/${body.id}`)).body;
  expect(shown).toMatchObject({ state: "FAILED", problem: expect.stringContaining("could not be made") });
  const mail = await app.mailTo(ada.address, "Your report could not be made");
  expect(mail.text).toMatch(/Week \d+, Apollo/);

  // The same job, retried by hand, fails once more.
  await app.core.database.jobs.transaction(async (_tx, sql) => {
    await replayJobs(sql, [job!.id]);
    await sql(isLast, [job!.id]);
  });
  await app.core.reaches(job!.id, "FAILED");
  expect(await kindsOf(body.id)).toEqual(["report-failed"]);

  beforeWrite = async () => {};
  await app.core.reaches(await insertJob(app.core.sql, reportGenerate, { reportId: body.id }), "COMPLETED");
  await app.core.reaches(await insertJob(app.core.sql, reportGenerate, { reportId: body.id }), "COMPLETED");
  expect(await kindsOf(body.id)).toEqual(["report-failed", "report-ready"]);
  expect((await jobsAbout(body.id)).filter(({ name }) => name === "email")).toEqual([
    { name: "email", template: "report-ready", userId: ada.id },
  ]);
});

test.for([
  ["whose last attempt fails through our fault", "attempt", imageResize.attempts - 1],
  ["that kills its process each time", "crashes", imageResize.crashes],
] as const)("an upload %s notifies its owner once", async ([_what, column, count]) => {
  const ada = await newMember("Ada Lovelace");
  const file = { kind: "IMAGE" as const, filename: "moon.png", contentType: "image/png", bytes: 1 };
  const { id } = await prisma().upload.create({
    data: { userId: ada.id, state: "PROCESSING", completedAt: new Date(), ...file },
  });
  // One for a poster: without it the upload is published all the same.
  const payloads: { uploadId: string; source?: string }[] = [
    { uploadId: id, source: "posters/1.jpg" },
    { uploadId: id },
    { uploadId: id },
  ];
  for (const payload of payloads) {
    const job = await app.core.database.jobs.transaction(async (_tx, sql) => {
      const inserted = await insertJob(sql, imageResize, payload);
      await sql(`UPDATE "Job" SET ${column} = ${count} WHERE id = $1::uuid`, [inserted]);
      return inserted;
    });
    await app.core.reaches(job, "FAILED");
    const expected = payload.source ? [] : ["upload-failed"];
    expect((await about(id)).map(({ kind }) => kind)).toEqual(expected);
  }
  const shown = (await ada.session.get(`/v1/uploads/${id}`)).body;
  expect(shown).toMatchObject({ state: "FAILED", problem: expect.stringContaining("an error on our side") });
  const list = (await ada.session.get("/v1/uploads")).body.items;
  expect(list).toMatchObject([{ id, state: "FAILED", problem: shown.problem }]);
});

test("choices are listed, changed for one kind, and respected", async () => {
  const [ada, grace] = [await newMember("Ada Lovelace"), await newMember("Grace Hopper")];
  const { id: projectId, plan } = await newProject([ada, grace]);
  await prisma().pushDevice.create({ data: { userId: grace.id, token: "token", platform: "WEB" } });
  const choose = (kind: string, body: object) =>
    grace.session.put(`/v1/notification-choices/${kind}`).send(body);
  const list = async () =>
    (await grace.session.get("/v1/notification-choices")).body.items as { kind: string }[];
  const everywhere = { inApp: true, push: true, mail: true, mailRequired: false };
  const before = await list();
  expect(before.find(({ kind }) => kind === "task-assigned")).toEqual({
    ...{ kind: "task-assigned", label: "You are assigned a task" },
    ...everywhere,
  });
  expect(before.find(({ kind }) => kind === "upload-ready")).toMatchObject({ ...everywhere, mail: false });
  expect(before.find(({ kind }) => kind === "deletion-scheduled")).toMatchObject({
    ...everywhere,
    mailRequired: true,
  });

  const assign = async () => {
    const { id } = await plan.task(projectId, { assigneeId: grace.id });
    const [notification] = await about(id);
    const mails = await jobsAbout(notification!.id);
    const pushes = await app.core.sql<{ jobs: number }>(
      `SELECT count(*)::int AS jobs FROM "Job" WHERE name = 'push-notify' AND payload->>'userId' = $1`,
      [grace.id],
    );
    return { inApp: notification!.inApp, mails: mails.length, pushes: pushes[0]!.jobs };
  };
  expect(await assign()).toEqual({ inApp: true, mails: 1, pushes: 1 });
  const none = { inApp: false, push: false, mail: false };
  const chosen = await choose("task-assigned", none);
  expect([chosen.status, chosen.body]).toEqual([
    200,
    { kind: "task-assigned", label: "You are assigned a task", ...none, mailRequired: false },
  ]);
  expect(await assign()).toEqual({ inApp: false, mails: 0, pushes: 1 });
  expect(await list()).toEqual(
    before.map((each) => (each.kind === "task-assigned" ? { ...each, ...none } : each)),
  );
  await choose("task-assigned", { inApp: true, push: true, mail: false });
  expect(await assign()).toEqual({ inApp: true, mails: 0, pushes: 2 });
  await grace.session.patch("/v1/me").send({ notifications: { push: false } });
  await choose("task-assigned", { inApp: true, push: true, mail: true });
  expect(await assign()).toEqual({ inApp: true, mails: 1, pushes: 2 });
  expect((await ada.session.get("/v1/notification-choices")).body.items).toEqual(before);
});

test("a choice for a kind that does not exist, or without its required mail, is rejected", async () => {
  const ada = await newMember("Ada Lovelace");
  const choose = (kind: string, body: object) =>
    ada.session.put(`/v1/notification-choices/${kind}`).send(body);
  const choice = { inApp: false, push: false, mail: true };
  expect((await choose("everything", choice)).status).toBe(404);
  expect((await choose("toString", choice)).status).toBe(404);
  const { status, body } = await choose("deletion-scheduled", { ...choice, mail: false });
  expect([status, body.errors]).toEqual([
    422,
    [{ field: "mail", message: "This mail is required and cannot be turned off." }],
  ]);
  expect((await choose("deletion-scheduled", choice)).body).toMatchObject({ ...choice, mailRequired: true });
  expect((await choose("mention", { inApp: true, push: true })).status).toBe(422);
});

test("a mail that waits for its provider is not sent if it is unwanted by then, or its record is gone", async () => {
  const [ada, grace] = [await newMember("Ada Lovelace"), await newMember("Grace Hopper")];
  const { id: projectId, plan } = await newProject([ada, grace]);
  await app.setMailOutage("refuse");
  const wanted = await plan.task(projectId, { title: "Wanted", assigneeId: grace.id });
  const deleted = await plan.task(projectId, { title: "Deleted", assigneeId: grace.id });
  const mention = await plan.comment(wanted.id, "@Grace Hopper");
  const jobOf = async (recordId: string) => {
    const [notification] = await about(recordId);
    const [job] = await app.core.sql<{ id: string }>(`SELECT id FROM "Job" WHERE payload->>'recordId' = $1`, [
      notification!.id,
    ]);
    return job!.id;
  };
  const jobs = [await jobOf(wanted.id), await jobOf(deleted.id), await jobOf(mention.id)];
  await grace.session.put("/v1/notification-choices/mention").send({ inApp: true, push: true, mail: false });
  await ada.session.delete(`/v1/tasks/${deleted.id}`);
  await app.setMailOutage("off");
  const results = await Promise.all(jobs.map(async (id) => (await app.core.reaches(id, "COMPLETED")).result));
  expect(results).toEqual([
    "sent",
    "skipped: what it is about was deleted, or is no longer visible to the user",
    "skipped: the user wants no such mails",
  ]);
  await grace.session.patch("/v1/me").send({ notifications: { email: false } });
  const [notification] = await about(wanted.id);
  const payload = { template: "notification" as const, userId: grace.id, recordId: notification!.id };
  const late = await app.core.reaches(await insertJob(app.core.sql, email, payload), "COMPLETED");
  expect(late.result).toBe("skipped: unsubscribed");
});

test("a mail does not show the names of others that look like links", async () => {
  const [eve, grace] = [await newMember("win at evil.example"), await newMember("Grace Hopper")];
  const { id: projectId, plan } = await newProject([eve, grace], { name: "https://evil.example" });
  const { id } = await plan.task(projectId, { title: "Visit evil.example now", assigneeId: grace.id });
  const mail = await mailAbout(grace, id);
  expect(mail.subject).toBe("Someone assigned you a task");
  expect(mail.text).toContain("A task, in a project");
  expect(mail.text).not.toContain("evil");
});

test("no name and no text is in the ledger or the broker", async () => {
  const [ada, grace] = [await newMember("Canary Actor"), await newMember("Canary Reader")];
  const { id: projectId, plan } = await newProject([ada, grace], { name: "Canary Project" });
  const task = await plan.task(projectId, { title: "Canary Task", assigneeId: grace.id });
  await plan.comment(task.id, "@Canary Reader canary comment");
  await until("both mails", async () => (await app.mailsTo(grace.address)).length >= 3);
  const { queueUrl, sql } = app.core;
  const written = await sql(`SELECT * FROM "Notification"`, []);
  const stored = [await sql(`SELECT * FROM "Job"`, []), written].map((rows) =>
    JSON.stringify(rows, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  );
  expect(await tablesContent(sql, "public")).toMatch(/canary/i);
  for (const content of [...stored, await brokerContent(queueUrl, sql)])
    expect(content).not.toMatch(/canary/i);
});
