import { v7 as uuidv7 } from "uuid";
import { hashToken } from "../../../infra/tokens.ts";
import type { TestApp } from "../api/app.ts";

const HOUR = 3_600_000;

/** Adds at least one row of every kind to a user, in an own project, and two objects to each record with files. */
export const fillTables = async (app: TestApp, userId: string, projectId: string): Promise<void> => {
  const { prisma } = app.core.database;
  const hash = () => hashToken(crypto.randomUUID());
  const later = new Date(Date.now() + HOUR);
  const project = { id: projectId, name: "Apollo", members: { create: { userId, role: "OWNER" as const } } };
  await prisma.project.create({ data: project });
  const { id: memberId } = await prisma.user.create({
    data: { email: `${uuidv7()}@example.net`, name: "Grace", passwordHash: "none", verifiedAt: new Date() },
  });
  await prisma.projectMember.create({ data: { projectId, userId: memberId, role: "VIEWER" } });
  const foreign = await prisma.project.create({
    data: { name: "Gemini", members: { create: { userId: memberId, role: "OWNER" } } },
  });
  await prisma.projectMember.create({ data: { projectId: foreign.id, userId, role: "MEMBER" } });
  await prisma.projectSuccessor.create({ data: { projectId: foreign.id, userId } });

  const days = { startsOn: new Date(), endsOn: later };
  const sprint = await prisma.sprint.create({ data: { projectId, name: "Sprint", ...days } });
  const task = await prisma.task.create({
    data: { projectId, title: "Land", sprintId: sprint.id, assigneeId: userId, creatorId: userId },
  });
  await prisma.taskChange.create({
    data: { projectId, taskId: task.id, state: "TODO", sprintId: sprint.id },
  });
  await prisma.comment.create({ data: { taskId: task.id, authorId: userId, body: "Ready" } });
  await prisma.invitation.create({
    data: {
      ...{ projectId, email: `${uuidv7()}@example.net`, role: "VIEWER", invitedById: userId },
      ...{ tokenHash: hash(), expiresAt: later },
    },
  });
  const link = { userId, tokenHash: hash(), expiresAt: later };
  await prisma.emailVerification.create({ data: link });
  await prisma.passwordReset.create({ data: link });
  await prisma.session.create({ data: { ...link, device: "Firefox" } });
  await prisma.device.create({ data: { userId, tokenHash: hash() } });
  await prisma.idempotencyKey.create({ data: { id: hash(), fingerprint: hash(), answer: {}, userId } });
  await prisma.notificationFeed.upsert({
    ...{ where: { userId }, create: { userId, last: 100 }, update: { last: 100 } },
  });
  await prisma.notification.create({ data: { userId, sequence: 100, kind: "mention", actorId: userId } });
  await prisma.notificationChoice.create({
    data: { userId, kind: "mention", inApp: true, push: false, mail: false },
  });
  await prisma.pushDevice.create({ data: { userId, token: uuidv7(), platform: "WEB" } });

  const upload = await prisma.upload.create({
    data: { userId, kind: "IMAGE", filename: "a.png", contentType: "image/png", bytes: 1 },
  });
  await prisma.uploadFile.create({
    data: { uploadId: upload.id, path: "a.webp", role: "VARIANT", contentType: "image/webp", bytes: 1 },
  });
  const schedule = await prisma.schedule.create({
    data: {
      ...{ userId, projectId, job: "report-generate", payload: {}, cadence: "DAILY" },
      nextRunAt: new Date(Date.now() + 24 * HOUR),
    },
  });
  const report = await prisma.report.create({
    data: {
      ...{
        userId,
        projectId,
        period: "SPRINT",
        sprintId: sprint.id,
        scheduleId: schedule.id,
        slot: "2026-11-27",
      },
      ...{ firstDay: new Date(), lastDay: new Date(), zone: "UTC", state: "READY" },
    },
  });
  const exported = await prisma.accountExport.create({ data: { userId, state: "READY", expiresAt: later } });
  for (const folder of [`uploads/${upload.id}`, `reports/${report.id}`, `exports/${exported.id}`])
    for (const name of ["one", "two/three"])
      await app.files.storage.write(`${folder}/${name}`, Buffer.from("file"), "text/plain");
};

/** The folders of a user's records with files. */
export const foldersOf = async (app: TestApp, userId: string): Promise<string[]> => {
  const { prisma } = app.core.database;
  const of = { where: { userId }, select: { id: true } };
  const [uploads, reports, exported] = await Promise.all([
    prisma.upload.findMany(of),
    prisma.report.findMany(of),
    prisma.accountExport.findMany(of),
  ]);
  return [
    ...uploads.map(({ id }) => `uploads/${id}/`),
    ...reports.map(({ id }) => `reports/${id}/`),
    ...exported.map(({ id }) => `exports/${id}/`),
  ];
};
