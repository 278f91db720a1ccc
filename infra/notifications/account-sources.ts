import { findIn, type Source } from "./source.ts";

export const loadUploads =
  (titles: { IMAGE: string; VIDEO: string }): Source["load"] =>
  async (prisma, { ids }) => {
    const select = { id: true, userId: true, kind: true, filename: true, problem: true } as const;
    const rows = await prisma.upload.findMany({ where: { id: { in: ids } }, select });
    return findIn(rows, ({ id, userId, kind, filename, problem }, readerId) =>
      userId === readerId
        ? {
            title: titles[kind],
            text: problem ? `${filename}: ${problem}` : filename,
            path: `/uploads#${id}`,
          }
        : undefined,
    );
  };

export const loadSessions =
  (title: string): Source["load"] =>
  async (prisma, { ids }) => {
    const select = { id: true, userId: true, device: true } as const;
    const rows = await prisma.session.findMany({ where: { id: { in: ids } }, select });
    return findIn(rows, ({ userId, device }, readerId) =>
      userId === readerId ? { title, text: device, path: "/account#sessions" } : undefined,
    );
  };

export const loadExports =
  (title: string): Source["load"] =>
  async (prisma, { ids }) => {
    const rows = await prisma.accountExport.findMany({
      where: { id: { in: ids }, state: "READY" },
      select: { id: true, userId: true, expiresAt: true, user: { select: { zone: true } } },
    });
    return findIn(rows, ({ userId, expiresAt, user }, readerId) => {
      const text = `You can download it until ${dayIn(expiresAt, user.zone)}.`;
      return userId === readerId ? { title, text, path: "/account#exports" } : undefined;
    });
  };

export const loadDeletions =
  (title: string): Source["load"] =>
  async (prisma, { ids }) => {
    const rows = await prisma.accountDeletion.findMany({
      where: { id: { in: ids } },
      select: { id: true, userId: true, dueAt: true, user: { select: { zone: true } } },
    });
    return findIn(rows, ({ userId, dueAt, user }, readerId) => {
      const text = `On ${dayIn(dueAt, user?.zone ?? "UTC")}, unless you cancel it.`;
      return userId === readerId ? { title, text, path: "/account#deletion" } : undefined;
    });
  };

const dayIn = (date: Date, timeZone: string) =>
  date.toLocaleString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone });
