import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/core/database.ts";
import { openDatabase, type Database } from "../database.ts";
import { kinds, type Kind } from "./kinds.ts";
import { findNotificationText, textsOf } from "./texts.ts";

let owned: TestDatabase;
let database: Database;
let records: Record<Kind, string>;
let reader: string;
let actor: string;
let projectId: string;
const later = new Date("2026-12-05T23:30:00Z");

beforeAll(async () => {
  owned = await createTestDatabase();
  database = openDatabase(owned.url, 5, () => {});
  const { prisma } = database;
  const user = (name: string, zone = "UTC") => ({
    email: `${name}@example.com`,
    name,
    passwordHash: "",
    zone,
  });
  reader = (await prisma.user.create({ data: user("Grace", "Europe/Warsaw") })).id;
  actor = (await prisma.user.create({ data: user("Ada Lovelace") })).id;
  const project = await prisma.project.create({
    data: { name: "Apollo", members: { create: { userId: reader, role: "OWNER" } } },
  });
  projectId = project.id;
  const task = await prisma.task.create({ data: { projectId, title: "Fuel the rocket" } });
  const comment = await prisma.comment.create({ data: { taskId: task.id, body: "secret", authorId: actor } });
  const days = { firstDay: new Date("2026-11-16"), lastDay: new Date("2026-11-22"), zone: "UTC" };
  const report = (more: object) =>
    prisma.report.create({ data: { projectId, userId: reader, period: "WEEK", ...days, ...more } });
  const file = { contentType: "x/y", bytes: 1 };
  const upload = (more: { kind: "IMAGE" | "VIDEO"; filename: string; problem?: string }) =>
    prisma.upload.create({ data: { userId: reader, ...file, ...more } });
  const session = { tokenHash: new Uint8Array(32), device: "Firefox on Linux", expiresAt: later };
  records = {
    "report-ready": (await report({ state: "READY" })).id,
    "report-failed": (await report({ state: "FAILED", problem: "The sprint was deleted." })).id,
    "upload-ready": (await upload({ kind: "VIDEO", filename: "launch.mp4" })).id,
    "upload-failed": (await upload({ kind: "IMAGE", filename: "moon.png", problem: "It is damaged." })).id,
    "task-assigned": task.id,
    mention: comment.id,
    "new-sign-in": (await prisma.session.create({ data: { userId: reader, ...session } })).id,
    "export-ready": (
      await prisma.accountExport.create({ data: { userId: reader, state: "READY", expiresAt: later } })
    ).id,
    "deletion-scheduled": (
      await prisma.accountDeletion.create({ data: { userId: reader, jobId: task.id, dueAt: later } })
    ).id,
  };
});
afterAll(async () => {
  await database.close();
  await owned.drop();
});

let made = 0;
const about = (kind: string, more: object = {}) => ({
  ...{ id: `${++made}`, userId: reader, kind, recordId: records[kind as Kind] ?? null, actorId: null },
  ...more,
});
const textOf = async (kind: string, more: object = {}) => {
  const notification = about(kind, more);
  return (await textsOf(database.prisma, [notification])).get(notification.id);
};
const taskPath = () => `/projects#${projectId}/${records["task-assigned"]}`;

test("every kind has a title, a text and a path to its record", async () => {
  const texts = Object.fromEntries(
    await Promise.all(
      Object.keys(kinds).map(async (kind) => [kind, await textOf(kind, { actorId: actor })] as const),
    ),
  );
  expect(texts).toEqual({
    "report-ready": {
      title: "Your report is ready",
      text: "Week 47, Apollo",
      path: `/reports#${records["report-ready"]}`,
    },
    "report-failed": {
      title: "Your report could not be made",
      text: "Week 47, Apollo: The sprint was deleted.",
      path: `/reports#${records["report-failed"]}`,
    },
    "upload-ready": {
      title: "Your video is ready",
      text: "launch.mp4",
      path: `/uploads#${records["upload-ready"]}`,
    },
    "upload-failed": {
      title: "Your picture could not be processed",
      text: "moon.png: It is damaged.",
      path: `/uploads#${records["upload-failed"]}`,
    },
    "task-assigned": {
      title: "Ada Lovelace assigned you a task",
      text: "Fuel the rocket, in Apollo",
      path: taskPath(),
    },
    mention: {
      title: "Ada Lovelace mentioned you in a comment",
      text: "Fuel the rocket, in Apollo",
      path: taskPath(),
    },
    "new-sign-in": {
      title: "New sign-in to your account",
      text: "Firefox on Linux",
      path: "/account#sessions",
    },
    "export-ready": {
      title: "Your data is ready to download",
      text: "You can download it until 6 December 2026.",
      path: "/account#exports",
    },
    "deletion-scheduled": {
      title: "Your account will be deleted",
      text: "On 6 December 2026, unless you cancel it.",
      path: "/account#deletion",
    },
  });
});

const gone = { text: "It is no longer available.", path: "/notifications" };

test.each(Object.keys(kinds))(
  "%s says nothing about a record that is gone, or belongs to another user",
  async (kind) => {
    const neutral = { title: expect.any(String), ...gone };
    for (const more of [
      { recordId: crypto.randomUUID(), actorId: actor },
      { recordId: null },
      { userId: actor, actorId: reader },
    ]) {
      const text = await textOf(kind, more);
      expect(text).toEqual(neutral);
      expect(JSON.stringify(text)).not.toMatch(/Ada|Grace|Apollo|rocket/);
    }
  },
);

test("a member who has left learns nothing more about the project", async () => {
  const { prisma } = database;
  const left = await prisma.user.create({
    data: { email: "left@example.com", name: "Left", passwordHash: "" },
  });
  const member = { projectId, userId: left.id, role: "MEMBER" as const };
  const texts = async () => [
    await textOf("task-assigned", { userId: left.id }),
    await textOf("mention", { userId: left.id, actorId: actor }),
  ];
  await prisma.projectMember.create({ data: member });
  expect(await texts()).toMatchObject([
    { title: "Someone assigned you a task", text: "Fuel the rocket, in Apollo" },
    { title: "Ada Lovelace mentioned you in a comment" },
  ]);
  await prisma.projectMember.deleteMany({ where: { userId: left.id } });
  expect(await texts()).toEqual([
    { title: "You were assigned a task", ...gone },
    { title: "You were mentioned in a comment", ...gone },
  ]);
});

test("a kind of another version of the code has a neutral text", async () => {
  expect(await textOf("kitchen-closed")).toEqual({ title: "Something happened", ...gone });
});

test("a long task title is cut between characters", async () => {
  const family = "👨‍👩‍👧";
  const task = await database.prisma.task.create({ data: { projectId, title: family.repeat(600) } });
  const shown = (await textOf("task-assigned", { recordId: task.id, actorId: actor }))?.text ?? "";
  expect(shown).toMatch(/…, in Apollo$/);
  expect(shown.length).toBeLessThan(600);
  expect(shown.split("…")[0]?.replaceAll(family, "")).toBe("");
});

test("names with line breaks and turned directions are one plain line", async () => {
  const { prisma } = database;
  const name = "Ada\r\nBcc: eve@example.com\u202e\u0001 Lovelace";
  const other = await prisma.user.create({ data: { email: "lines@example.com", name, passwordHash: "" } });
  const task = await prisma.task.create({ data: { projectId, title: "Fuel\nthe\u2067rocket" } });
  expect(await textOf("task-assigned", { recordId: task.id, actorId: other.id })).toMatchObject({
    title: "Ada Bcc: eve@example.com Lovelace assigned you a task",
    text: "Fuel the rocket, in Apollo",
  });
});

test("reads a page of notifications in a bounded number of queries", async () => {
  let reads = 0;
  const counted = new Proxy(database.prisma, {
    get: (target, name) => {
      const model: unknown = Reflect.get(target, name);
      if (typeof model !== "object" || model === null || !("findMany" in model)) return model;
      const { findMany } = model as { findMany(query: unknown): unknown };
      return { findMany: (query: unknown) => (reads++, findMany(query)) };
    },
  });
  const page = Array.from({ length: 20 }, () =>
    Object.keys(kinds).map((kind) => about(kind, { actorId: actor })),
  ).flat();
  expect((await textsOf(counted, page)).size).toBe(page.length);
  expect(reads).toBe(Object.keys(kinds).length + 1);
});

const mailText = async (kind: Kind, hidden: RegExp, more: object = {}) => {
  const { id: _id, ...data } = about(kind, { actorId: actor, ...more });
  const sequence = ++made;
  const { id } = await database.prisma.notification.create({ data: { ...data, sequence } });
  const shown = (name: string) => (hidden.test(name) ? "" : name);
  return findNotificationText(database.prisma, "https://app.example", id, shown);
};

test("a mail has the whole address, and does not show the names that it must not", async () => {
  expect(await mailText("mention", /nothing/)).toEqual({
    kind: "mention",
    title: "Ada Lovelace mentioned you in a comment",
    text: "Fuel the rocket, in Apollo",
    url: `https://app.example${taskPath()}`,
  });
  expect(await mailText("task-assigned", /Ada|rocket|Apollo/)).toMatchObject({
    title: "Someone assigned you a task",
    text: "A task, in a project",
  });
  expect(await mailText("report-ready", /Apollo/)).toMatchObject({ text: "Week 47, a project" });
});

test("there is no mail text where the record or the notification is gone", async () => {
  expect(await mailText("mention", /nothing/, { recordId: crypto.randomUUID() })).toBeNull();
  const shown = (name: string) => name;
  expect(await findNotificationText(database.prisma, "", crypto.randomUUID(), shown)).toBeNull();
});
