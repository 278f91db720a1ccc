import { afterAll, beforeAll, expect, test } from "vitest";
import { wire as wireImages } from "../../workers/wiring/image-resize.ts";
import { wire as wireReports } from "../../workers/wiring/report-generate.ts";
import { wire as wireReportPurge } from "../../workers/wiring/report-purge.ts";
import { wire as wirePush } from "../../workers/wiring/push-notify.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { accountDeletion, createDeletions } from "../support/api/deletion.ts";
import { createPeople } from "../support/api/people.ts";
import { createPlanner } from "../support/api/projects.ts";
import { createUploader, samples } from "../support/api/uploads.ts";
import { foldersOf } from "../support/accounts/fill.ts";
import { findReferences, rowsReachedFrom } from "../support/accounts/references.ts";
import type { Phone } from "../../sandbox/phones.ts";
import { createJobs } from "../../workers/core/index.ts";
import { isUnavailable } from "../../infra/database.ts";
import { announce } from "../../workers/wiring/announce.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp({
    modules: [accountDeletion, wireImages, wireReports, wireReportPurge, wirePush],
    accountDeletionGrace: 0,
  });
});
afterAll(() => app[Symbol.asyncDispose]());

/** When the phones received their pushes. */
const pushesReceived = async (): Promise<string[]> => {
  const phones = (await (await fetch(`${app.sandboxUrl}/api/phones`)).json()) as Phone[];
  return phones.flatMap((phone) => phone.pushes.map(({ receivedAt }) => receivedAt));
};

test(
  "50 requests, uploads, reports and notifications at the same time leave nothing",
  { timeout: 120_000 },
  async () => {
    const people = createPeople(app);
    const deletions = createDeletions(app);
    const { prisma, jobs } = app.core.database;
    const person = await people.verified("busy@example.com");
    const session = await people.as(person);
    const userId = await deletions.idOf(person.email);
    const { id: projectId } = await createPlanner(session).project();
    await prisma.pushDevice.create({ data: { userId, token: "a device", platform: "WEB" } });
    const notifyUser = () =>
      createJobs(jobs, () => {}).transaction(({ tx }) =>
        announce(tx, { userId, kind: "mention", recordId: crypto.randomUUID() }),
      );
    await notifyUser();
    await expect.poll(async () => (await pushesReceived()).length).toBe(1);
    const uploader = createUploader(app, session);
    const permits = await Promise.all(Array.from({ length: 10 }, () => uploader.create(samples.png)));

    const work: ((index: number) => Promise<{ status: number } | void>)[] = [
      async () =>
        session.post("/v1/uploads").send({
          ...{ filename: "a.png", contentType: "image/png", bytes: samples.png.length, kind: "IMAGE" },
        }),
      async (index) => uploader.put(permits[index % 10]!, samples.png),
      async (index) => uploader.complete(permits[index % 10]!.id),
      async () => session.post("/v1/reports").send({ projectId, period: "WEEK" }),
      async () => session.post("/v1/projects").send({ name: "Another" }),
      async () =>
        session
          .post(`/v1/projects/${projectId}/tasks`)
          .send({ title: "Land" })
          .set("Idempotency-Key", crypto.randomUUID()),
      async () => people.logIn(person),
      async () => app.request.post("/v1/password/forgot").send({ email: person.email }),
      // As a job of someone else does. All wait for each other's feed, so that a slow machine may end one: then the job
      // would be retried.
      async () =>
        notifyUser().catch((error: unknown) => {
          if (!isUnavailable(error)) throw error;
        }),
    ];
    const calls = Array.from({ length: 50 }, (_, index) => work[index % work.length]!(index));
    const requested = deletions.request(session, person);
    const later = Array.from({ length: 50 }, (_, index) => work[index % work.length]!(index));
    const settled = await Promise.all([...calls, requested, ...later]);
    const statuses = settled.flatMap((response) => (response ? [response.status] : []));
    // 503: a hundred requests wait for twenty connections, for three seconds at most.
    expect(statuses.filter((status) => status >= 500 && status !== 503)).toEqual([]);
    expect(statuses.filter((status) => status < 300).length).toBeGreaterThan(10);

    // A login may have cancelled the deletion: exactly one of the two.
    const isKept = (await prisma.user.count({ where: { id: userId, deletion: null } })) === 1;
    if (isKept) await deletions.request(await people.as(person), person);
    const folders = await foldersOf(app, userId);
    await app.mailTo(person.email, "Your account is deleted");

    expect(await rowsReachedFrom(app.core.sql, await findReferences(app.core.sql), userId)).toEqual({});
    // What was the user's through a membership, and is not found from the user's row any more.
    const ofNobody = `SELECT id FROM "Project" p
      WHERE NOT EXISTS (SELECT FROM "ProjectMember" m WHERE m."projectId" = p.id AND m.role = 'OWNER')`;
    expect(await app.core.sql(ofNobody, [])).toEqual([]);
    const jobsLeft = await app.core.sql(`SELECT to_jsonb(j) FROM "Job" j WHERE name <> 'report-purge'`, []);
    expect(JSON.stringify(jobsLeft)).not.toContain(userId);
    for (const folder of folders)
      for await (const key of app.files.storage.list(folder)) throw new Error(`${key} is left`);
    // Nothing after the goodbye: no job is left that could send something.
    const [newest] = await app.mailsTo(person.email);
    expect(newest?.subject).toBe("Your account is deleted");
    const pushes = await pushesReceived();
    expect(pushes.filter((at) => at > newest!.receivedAt)).toEqual([]);
    expect(
      await prisma.job.count({
        where: { state: { in: ["PENDING", "PUBLISHED", "WAITING"] }, name: { in: ["email", "push-notify"] } },
      }),
    ).toBe(0);
  },
);
