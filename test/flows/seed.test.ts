import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase, type Database } from "../../infra/database.ts";
import { insertPeople, insertPhones, insertProjects } from "../../scripts/seed/insert.ts";
import { createTestDatabase, type TestDatabase } from "../support/core/database.ts";

let store: TestDatabase;
let database: Database;

describe("the seed", () => {
  beforeAll(async () => {
    store = await createTestDatabase();
    database = openDatabase(store.url, 2, () => {});
  });
  afterAll(async () => {
    await database.close();
    await store.drop();
  });

  test("makes a company once, whole, and completes it", async () => {
    const { prisma } = database;
    const seed = async (until: string) => {
      const users = await insertPeople(prisma);
      return { users, ...(await insertProjects(prisma, { seed: 1, until: new Date(until) })) };
    };
    const passwordHash = "of a user who exists already";
    await prisma.user.create({ data: { email: "ada@offstage.example", name: "Ada", passwordHash } });
    expect(await seed("2026-11-27")).toEqual({ users: 11, projects: 3, tasks: 2_000 });
    expect(await seed("2026-11-28")).toEqual({ users: 0, projects: 0, tasks: 0 });
    expect(await prisma.task.count()).toBe(2_000);
    expect(await prisma.user.count({ where: { passwordHash } })).toBe(1);

    const ada = await prisma.user.findUniqueOrThrow({
      where: { email: "ada@offstage.example" },
      include: { memberships: { include: { project: true } } },
    });
    expect(ada.memberships).toHaveLength(3);
    const notified = await prisma.notification.findMany({
      where: { userId: ada.id },
      include: { actor: true },
      orderBy: { sequence: "asc" },
    });
    expect(notified.length).toBeGreaterThan(2);
    expect(notified.map(({ sequence }) => sequence)).toEqual(notified.map((_, index) => index + 1));
    for (const { actor, createdAt } of notified) {
      expect(actor?.id).toBeDefined();
      expect(actor?.id).not.toBe(ada.id);
      expect(createdAt.getTime()).toBeLessThan(Date.parse("2026-11-27"));
    }
    for (let times = 0; times < 2; times++) await insertPhones(prisma);
    const phones = await prisma.pushDevice.findMany({
      where: { userId: ada.id },
      orderBy: { platform: "asc" },
    });
    expect(phones.map(({ platform, sentUpTo }) => [platform, sentUpTo])).toEqual([
      ["ANDROID", notified.length],
      ["IOS", notified.length],
    ]);
    expect(await prisma.job.count()).toBe(0);
    const payments = ada.memberships.find(({ project }) => project.name === "Payments");
    await prisma.project.delete({ where: { id: payments!.projectId } });
    expect(await seed("2026-11-28")).toEqual({ users: 0, projects: 1, tasks: 440 });
  });
});
