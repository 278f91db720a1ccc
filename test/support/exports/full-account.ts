import { v7 as uuidv7 } from "uuid";
import type { Database } from "../../../infra/database.ts";
import type { TestStorage } from "../servers/storage.ts";

const day = new Date("2026-11-23");
const soon = () => new Date(Date.now() + 86_400_000);
const bytes = (text: string) => Buffer.from(text.padEnd(32, "."));

/** Values that belong to others or are secrets, and that no export may contain. */
export const withheld = {
  tokenHash: "withheld-token-hash",
  pushToken: "withheld-push-token",
  answer: "withheld-answer",
  otherReport: "withheld report of another member",
  otherAddress: "withheld-address@example.com",
  leftTask: "withheld task of a project that the user has left",
  strangerProject: "withheld project of others",
} as const;

/** Gives a user at least one row of everything that the list of user data has, and files. */
export const fillAccount = async (
  { prisma }: Pick<Database, "prisma">,
  { storage }: Pick<TestStorage, "storage">,
  userId: string,
) => {
  const hash = bytes(`${withheld.tokenHash} ${uuidv7()}`);
  const owner = { userId, tokenHash: hash, expiresAt: soon() };
  const other = await prisma.user.create({
    data: { email: withheld.otherAddress, name: "Grace Hopper", passwordHash: "none", verifiedAt: day },
  });
  await prisma.session.create({ data: { ...owner, device: "Safari on iPad" } });
  await prisma.device.create({ data: { userId, tokenHash: hash } });
  await prisma.emailVerification.create({ data: owner });
  await prisma.passwordReset.create({ data: owner });
  await prisma.pushDevice.create({ data: { userId, token: withheld.pushToken, platform: "IOS" } });
  await prisma.notificationChoice.create({
    data: { userId, kind: "mention", inApp: true, push: false, mail: false },
  });
  const answer = { body: withheld.answer };
  await prisma.idempotencyKey.create({ data: { id: hash, fingerprint: hash, answer, userId } });

  const project = (name: string, ownerId: string, memberId?: string) =>
    prisma.project.create({
      data: {
        name,
        members: {
          create: [
            { userId: ownerId, role: "OWNER" },
            ...(memberId ? [{ userId: memberId, role: "MEMBER" as const }] : []),
          ],
        },
      },
    });
  const own = await project("Żuraw / ../🚀", userId, other.id);
  const second = await project("Second of mine", userId);
  const joined = await project("Joined", other.id, userId);
  const left = await project(withheld.strangerProject, other.id);
  await prisma.projectSuccessor.create({ data: { projectId: own.id, userId: other.id } });
  await prisma.projectSuccessor.create({ data: { projectId: joined.id, userId } });
  const sprint = await prisma.sprint.create({
    data: { projectId: own.id, name: "Sprint <1>", startsOn: day, endsOn: day },
  });
  const task = (projectId: string, title: string, more: object = {}) =>
    prisma.task.create({ data: { projectId, title, ...more } });
  const owned = await task(own.id, "Owned task", { assigneeId: other.id, sprintId: sprint.id, dueOn: day });
  await task(second.id, "Task of the second");
  const assigned = await task(joined.id, "Assigned task", { assigneeId: userId });
  await task(joined.id, "Created task", { creatorId: userId });
  const forgotten = await task(left.id, withheld.leftTask, { creatorId: userId });
  await prisma.taskChange.create({ data: { projectId: own.id, taskId: owned.id, state: "TODO" } });
  const comment = (taskId: string, authorId: string, body: string) =>
    prisma.comment.create({ data: { taskId, authorId, body } });
  await comment(owned.id, other.id, "A comment of another member <img src=x onerror=alert(1)>");
  await comment(assigned.id, userId, "My comment");
  await comment(forgotten.id, userId, "My comment in a project that I left");
  for (const [projectId, name] of [
    [own.id, "invited"],
    [joined.id, "invited-elsewhere"],
  ] as const)
    await prisma.invitation.create({
      data: {
        ...{ projectId, email: `${name}@example.com`, role: "VIEWER", invitedById: userId },
        ...{ tokenHash: bytes(`${withheld.tokenHash} ${projectId}`), expiresAt: soon() },
      },
    });
  await prisma.schedule.create({
    data: {
      userId,
      projectId: own.id,
      job: "report-generate",
      payload: {},
      cadence: "DAILY",
      nextRunAt: soon(),
    },
  });
  const notified = { kind: "task-assigned", recordId: assigned.id };
  const feed = await prisma.notificationFeed.upsert({
    where: { userId },
    create: { userId, last: 1_000 },
    update: { last: 1_000 },
  });
  await prisma.notification.create({ data: { userId, sequence: feed.last, actorId: other.id, ...notified } });
  await prisma.notification.create({ data: { userId: other.id, sequence: 1, actorId: userId, ...notified } });
  const jobId = uuidv7();
  await prisma.accountDeletion.create({ data: { userId, jobId, dueAt: soon() } });

  const report = (projectId: string, ofUser: string) =>
    prisma.report.create({
      data: {
        ...{ projectId, userId: ofUser, period: "WEEK", firstDay: day, lastDay: day, zone: "UTC" },
        state: "READY",
      },
    });
  const mine = await report(own.id, userId);
  const theirs = await report(own.id, other.id);
  const write = (key: string, content: string, type: string) =>
    storage.write(key, Buffer.from(content), type);
  await write(`reports/${mine.id}/report.pdf`, "my report", "application/pdf");
  await write(`reports/${theirs.id}/report.pdf`, withheld.otherReport, "application/pdf");

  const upload = await prisma.upload.create({
    data: {
      ...{ userId, kind: "VIDEO", filename: "../..\\wakacje 🏖️.mp4", contentType: "video/mp4", bytes: 8 },
      state: "READY",
      files: {
        create: [
          {
            path: "hls/720/index.m3u8",
            role: "RENDITION",
            contentType: "application/vnd.apple.mpegurl",
            bytes: 8,
          },
          { path: "poster/480.webp", role: "POSTER", contentType: "image/webp", bytes: 8 },
        ],
      },
    },
  });
  await write(`uploads/${upload.id}/source`, "my video", "video/mp4");
  await write(`uploads/${upload.id}/hls/720/index.m3u8`, "playlist", "text/plain");
  // Not a row, but in the folder of the rendition.
  await write(`uploads/${upload.id}/hls/720/seg-1.m4s`, "segment", "video/mp4");
  return { otherId: other.id, uploadId: upload.id };
};
