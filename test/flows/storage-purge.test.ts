import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../infra/config.ts";
import { storagePurge } from "../../workers/storage-purge/job.ts";
import type { Infrastructure } from "../../workers/wiring/infrastructure.ts";
import { wire } from "../../workers/wiring/storage-purge.ts";
import { createCore, type Core } from "../support/core/core.ts";
import { insertJob } from "../support/core/insert-job.ts";
import { createTestStorage, drivers, keysOf, type TestStorage } from "../support/servers/storage.ts";

const DAY = 86_400_000;

describe.each(drivers)("orphans in the storage %s", (driver) => {
  let core: Core;
  let files: TestStorage;
  beforeAll(async () => {
    core = await createCore();
    files = await createTestStorage(driver, "a secret for tests, of more than 32 characters");
    core.startRelay();
    const config = loadConfig("worker", { PURGE_MAX_STATEMENTS: "10000", PURGE_MAX_BATCH_MS: "60000" });
    const { prisma } = core.database;
    core.work(wire({ config, prisma, storage: files.storage } as Infrastructure));
  });
  afterAll(async () => {
    await core[Symbol.asyncDispose]();
    await files[Symbol.asyncDispose]();
  });

  const run = async () =>
    (await core.reaches(await insertJob(core.sql, storagePurge, {}), "COMPLETED")).result;
  const write = (key: string) => files.storage.write(key, Buffer.from("content"), "image/png");
  const idOf = (days: number) => uuidv7({ msecs: Date.now() - days * DAY });

  test("objects without a row are removed, and all others stay", async () => {
    const { prisma } = core.database;
    const { id: userId } = await prisma.user.create({
      data: { email: "ada@example.com", name: "Ada", passwordHash: "none" },
    });
    const { id: projectId } = await prisma.project.create({ data: { name: "Apollo" } });
    const [upload, report, wanted, young, gone] = [idOf(30), idOf(30), idOf(30), idOf(6), idOf(8)];
    await prisma.upload.create({
      data: { id: upload, userId, kind: "IMAGE", filename: "a.png", contentType: "image/png", bytes: 7 },
    });
    const day = new Date("2026-11-01");
    await prisma.report.create({
      data: { id: report, userId, projectId, period: "DAY", firstDay: day, lastDay: day, zone: "UTC" },
    });
    await prisma.accountExport.create({ data: { id: wanted, userId, expiresAt: new Date() } });
    const kept = [
      `exports/${wanted}/export.zip`,
      `reports/${report}/report.pdf`,
      `uploads/${upload}/image/480.webp`,
      `uploads/${upload}/source`,
      `uploads/${young}/source`,
      "uploads/lost/found",
    ].toSorted();
    const orphans = [
      `exports/${gone}/export.zip`,
      `reports/${gone}/report.pdf`,
      `uploads/${gone}/source`,
      `uploads/${gone}/hls/720/seg-1.m4s`,
    ];
    for (const key of [...kept, ...orphans]) await write(key);

    expect(await run()).toEqual({ uploads: 1, reports: 1, exports: 1, objects: 4 });
    const left: string[] = [];
    for (const root of ["uploads", "reports", "exports"])
      left.push(...(await keysOf(files.storage, `${root}/`)));
    expect(left.toSorted()).toEqual(kept);
    expect(await run()).toEqual({ uploads: 0, reports: 0, exports: 0, objects: 0 });
  });
});
