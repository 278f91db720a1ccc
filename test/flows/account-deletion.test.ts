import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { hashPassword } from "../../infra/passwords.ts";
import { sealText } from "../../infra/sealed.ts";
import { createTestApp, SECRET, type TestApp } from "../support/api/app.ts";
import { accountDeletion, createDeletions } from "../support/api/deletion.ts";
import { createPeople, tokenIn, type People } from "../support/api/people.ts";
import { createPlanner } from "../support/api/projects.ts";
import { createUploader, samples } from "../support/api/uploads.ts";

const DAY = 86_400_000;
const SCHEDULED = "Your account will be deleted";
const KEPT = "Your account is kept";
const DELETED = "Your account is deleted";

let app: TestApp;
let people: People;
let deletions: ReturnType<typeof createDeletions>;
beforeAll(async () => {
  app = await createTestApp({ modules: [accountDeletion] });
  people = createPeople(app);
  deletions = createDeletions(app);
});
afterAll(() => app[Symbol.asyncDispose]());

const prisma = () => app.core.database.prisma;

/** A user whose deletion is scheduled. */
const leaving = async (email: string, signUp = people.verified) => {
  const person = await signUp(email);
  const session = await people.as(person);
  const userId = await deletions.idOf(email);
  expect((await deletions.request(session, person)).status).toBe(202);
  const { id: deletionId, jobId } = await deletions.of(userId);
  return { person, session, userId, deletionId, jobId };
};

/** Without the mails of a sign-up, which take longer. */
const inserted = async (email: string) => {
  passwordHash ??= await hashPassword(people.person(email).password);
  await prisma().user.create({ data: { email, name: "Ada", passwordHash, verifiedAt: new Date() } });
  return people.person(email);
};
let passwordHash: string | undefined;

const isKept = async (email: string, jobId: string) => {
  const user = await prisma().user.findUniqueOrThrow({ where: { email }, include: { deletion: true } });
  expect([user.closedAt, user.deletion, user.name]).toEqual([null, null, "Ada Lovelace"]);
  expect((await app.core.row(jobId)).state).toBe("CANCELLED");
  expect((await app.mailTo(email, KEPT)).text).toContain("will not be deleted");
};

test("a deletion waits in the ledger, ends all sessions, and says when it will be", async () => {
  const ada = await people.verified("ada@example.com");
  const [here, elsewhere] = [await people.as(ada), await people.as(ada)];
  await here.patch("/v1/me").send({ zone: "Asia/Kolkata" });
  expect((await deletions.request(here, { password: "not the password" })).body.type).toBe(
    "/problems/wrong-password",
  );
  expect((await elsewhere.get("/v1/me")).status).toBe(200);

  const requested = await deletions.request(here, ada);
  expect(requested.status).toBe(202);
  const dueAt = new Date(requested.body.deletionAt);
  expect(Math.round((dueAt.getTime() - Date.now()) / DAY)).toBe(7);
  expect(requested.get("Set-Cookie")?.[0]).toMatch(/^session=;/);
  for (const session of [here, elsewhere]) expect((await session.get("/v1/me")).status).toBe(401);

  const deletion = await deletions.of(await deletions.idOf(ada.email));
  expect(deletion).toMatchObject({
    dueAt,
    startedAt: null,
    finishedAt: null,
    sealedAddress: null,
    counts: {},
  });
  expect(await app.core.row(deletion.jobId)).toMatchObject({ name: "account-delete", state: "PENDING" });
  const { text } = await app.mailTo(ada.email, SCHEDULED);
  const inIndia = new Intl.DateTimeFormat("en-GB", {
    ...{ day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" },
    ...{ timeZone: "Asia/Kolkata", timeZoneName: "short" },
  }).format(dueAt);
  expect(text).toContain(inIndia);
  const notified = await prisma().notification.findMany({ where: { userId: deletion.userId! } });
  expect(notified.filter(({ kind }) => kind === "deletion-scheduled")).toMatchObject([
    { recordId: deletion.id },
  ]);
});

test("a second request at the same moment keeps the first", async () => {
  const person = await people.verified("twice@example.com");
  const sessions = [await people.as(person), await people.as(person), await people.as(person)];
  const responses = await Promise.all(sessions.map((session) => deletions.request(session, person)));
  const accepted = responses.filter(({ status }) => status === 202);
  expect(accepted.length).toBeGreaterThan(0);
  expect(new Set(accepted.map(({ body }) => body.deletionAt)).size).toBe(1);
  const { userId } = await deletions.of(await deletions.idOf(person.email));
  expect(await prisma().accountDeletion.count({ where: { userId } })).toBe(1);
});

test("a login within the grace period cancels it, and says so", async () => {
  const { person, jobId } = await leaving("returning@example.com");
  const response = await people.logIn(person);
  expect(response.body).toEqual({
    message: "You are logged in, and your account is kept.",
    deletionCancelled: true,
  });
  await isKept(person.email, jobId);
  expect((await people.logIn(person)).body).toEqual({ message: "You are logged in." });
});

test("the link in the mail cancels it, once", async () => {
  const { person, jobId, userId } = await leaving("clicking@example.com");
  const token = tokenIn((await app.mailTo(person.email, SCHEDULED)).text);
  const cancel = () => app.request.post("/v1/account/deletion/cancel").send({ token });
  const responses = await Promise.all([cancel(), cancel()]);
  expect(responses.map(({ status }) => status).toSorted()).toEqual([200, 410]);
  await isKept(person.email, jobId);
  expect((await cancel()).status).toBe(410);
  expect((await app.request.post("/v1/account/deletion/cancel").send({ token: "no" })).status).toBe(410);
  // Also after a new request, which has a link of its own.
  await deletions.request(await people.as(person), person);
  expect((await cancel()).status).toBe(410);
  expect((await deletions.of(userId)).startedAt).toBeNull();
});

test("a successor is another member of a project that the user owns", async () => {
  const ada = await people.verified("owner@example.com");
  const session = await people.as(ada);
  const { id: projectId } = await createPlanner(session).project();
  const [adaId, bobId] = [
    await deletions.idOf(ada.email),
    await deletions.idOf((await people.verified("b@example.com")).email),
  ];
  const foreign = await createPlanner(await people.session("c@example.com")).project();
  const refused = [
    [{ projectId, userId: bobId }],
    [{ projectId, userId: adaId }],
    [{ projectId: foreign.id, userId: bobId }],
    [{ projectId: "no id", userId: bobId }],
  ];
  for (const successors of refused)
    expect((await deletions.request(session, ada, { successors })).status).toBe(422);
  expect(await prisma().accountDeletion.count({ where: { userId: adaId } })).toBe(0);

  await prisma().projectMember.create({ data: { projectId, userId: bobId, role: "VIEWER" } });
  const twice = [
    { projectId, userId: bobId },
    { projectId, userId: bobId },
  ];
  expect((await deletions.request(session, ada, { successors: twice })).status).toBe(422);
  expect((await deletions.request(session, ada, { successors: twice.slice(1) })).status).toBe(202);
  expect(await prisma().projectSuccessor.count({ where: { projectId } })).toBe(1);
  await people.logIn(ada);
  expect(await prisma().projectSuccessor.count({ where: { projectId } })).toBe(0);
});

test("if the successor has left, the project goes to another member, and none goes to a user who is leaving", async () => {
  const ada = await people.verified("giver@example.com");
  const session = await people.as(ada);
  const [kept, other] = [await createPlanner(session).project(), await createPlanner(session).project()];
  const [viewerId, memberId, goneId] = await Promise.all(
    ["viewer", "member", "gone"].map(async (name) =>
      deletions.idOf((await inserted(`${name}@given.example`)).email),
    ),
  );
  const join = (userId: string | undefined, role: "VIEWER" | "MEMBER", projectId = kept.id) =>
    prisma().projectMember.create({ data: { projectId, userId: userId!, role } });
  await join(viewerId, "VIEWER");
  await join(memberId, "MEMBER");
  await join(goneId, "MEMBER");
  const bob = await leaving("bob@given.example", inserted);
  await join(bob.userId, "MEMBER", other.id);

  const transfer = await session
    .patch(`/v1/projects/${other.id}/members/${bob.userId}`)
    .send({ role: "OWNER" });
  expect([transfer.status, transfer.body.detail]).toEqual([
    403,
    expect.stringContaining("going to be deleted"),
  ]);

  const successors = [{ projectId: kept.id, userId: goneId }];
  expect((await deletions.request(session, ada, { successors })).status).toBe(202);
  await prisma().projectMember.deleteMany({ where: { projectId: kept.id, userId: goneId! } });
  const { id: deletionId } = await deletions.of(await deletions.idOf(ada.email));
  await deletions.makeDue(deletionId);
  await deletions.finished(deletionId);
  const owners = await prisma().projectMember.findMany({ where: { projectId: kept.id, role: "OWNER" } });
  expect(owners.map(({ userId }) => userId)).toEqual([memberId]);
  expect(await prisma().project.count({ where: { id: other.id } })).toBe(0);
});

test("the address of a closed account cannot be taken, and no copy of the old one stays", async () => {
  const { person, userId, deletionId } = await leaving("invited@given.example", inserted);
  const session = await people.session("inviter@given.example");
  const { id } = await createPlanner(session).project();
  const invited = await session
    .post(`/v1/projects/${id}/invitations`)
    .set("Idempotency-Key", "once")
    .send({ email: person.email, role: "VIEWER" });
  expect(invited.status).toBe(201);
  const taken = await app.request.post("/v1/signup").send({ ...person, email: `${userId}@deleted` });
  expect(taken.status).toBe(422);
  await deletions.makeDue(deletionId);
  await deletions.finished(deletionId);
  const copies = await prisma().idempotencyKey.findMany({ select: { answer: true } });
  expect(JSON.stringify(copies)).not.toContain(person.email);
});

/** A user with data of most kinds, in projects that end, that are handed over, and of others. */
const withData = async (email: string, otherEmail: string) => {
  const person = await people.verified(email);
  const session = await people.as(person);
  const other = await people.session(otherEmail);
  const [userId, otherId] = [await deletions.idOf(email), await deletions.idOf(otherEmail)];
  const [own, theirs] = [createPlanner(session), createPlanner(other)];
  const [ending, handedOver, foreign] = [await own.project(), await own.project(), await theirs.project()];
  await prisma().projectMember.createMany({
    data: [
      { projectId: ending.id, userId: otherId, role: "VIEWER" },
      { projectId: handedOver.id, userId: otherId, role: "VIEWER" },
      { projectId: foreign.id, userId, role: "MEMBER" },
    ],
  });
  for (const { id } of [ending, handedOver, foreign]) {
    const sprint = await own.sprint(id).catch(() => theirs.sprint(id));
    const task = await own.task(id, { sprintId: sprint.id, assigneeId: userId });
    await own.comment(task.id, "Written by the one who leaves");
    await theirs.comment(task.id, "Written by the other");
  }
  const uploadId = await createUploader(app, session).upload(samples.png);
  await app.files.storage.write(`uploads/${uploadId}/image/480.webp`, samples.webp, "image/webp");
  await other.post(`/v1/projects/${foreign.id}/invitations`).send({ email, role: "VIEWER" });
  return { person, session, other, userId, otherId, ending, handedOver, foreign, uploadId };
};

test("the account is deleted with everything in it, and what belongs to others stays without its name", async () => {
  const all = await withData("leaving@example.com", "staying@example.com");
  const { person, session, other, userId, otherId, ending, handedOver, foreign, uploadId } = all;
  const successors = [{ projectId: handedOver.id, userId: otherId }];
  await deletions.request(session, person, { successors });
  const { id: deletionId } = await deletions.of(userId);
  await deletions.makeDue(deletionId);
  const receipt = await deletions.finished(deletionId);

  expect(await prisma().user.count({ where: { OR: [{ id: userId }, { email: person.email }] } })).toBe(0);
  const goodbye = await app.mailTo(person.email, DELETED);
  expect(goodbye.text).toContain("everything in it are deleted");
  await until("the address is gone", async () => {
    const { sealedAddress } = await prisma().accountDeletion.findUniqueOrThrow({ where: { id: deletionId } });
    return sealedAddress === null;
  });
  expect(receipt).toMatchObject({ userId: null, tokenHash: null, removing: null });
  expect(receipt.counts).toMatchObject({
    ...{ projects: 1, projectsHandedOver: 1, tasks: 1, comments: 2, taskChanges: 1, sprints: 1 },
    ...{ uploads: 1, objects: 2, memberships: 4, assignments: 2, createdTasks: 2, commentsAnonymised: 2 },
  });

  const keys: string[] = [];
  for await (const key of app.files.storage.list(`uploads/${uploadId}/`)) keys.push(key);
  expect(keys).toEqual([]);
  const list = (await other.get("/v1/projects")).body.items as { id: string; role: string }[];
  expect(list.map(({ id, role }) => [id, role])).toEqual(
    [foreign, handedOver]
      .map(({ id }) => [id, "OWNER"])
      .toSorted()
      .toReversed(),
  );
  expect((await other.get(`/v1/projects/${ending.id}`)).status).toBe(404);
  for (const { id } of [handedOver, foreign]) {
    const [task] = (await other.get(`/v1/projects/${id}/tasks`)).body.items;
    expect([task.assigneeId, task.creatorId]).toEqual([null, null]);
    const comments = (await other.get(`/v1/tasks/${task.id}/comments`)).body.items;
    expect(comments.map(({ body, authorName }: Record<string, string>) => [body, authorName])).toEqual([
      ["Written by the other", "Ada Lovelace"],
      ["Written by the one who leaves", null],
    ]);
    const members = (await other.get(`/v1/projects/${id}/members`)).body.items;
    expect(members).toMatchObject([{ userId: otherId, role: "OWNER" }]);
  }
  const jobs = JSON.stringify(await prisma().job.findMany());
  expect(jobs.includes(userId)).toBe(false);
  expect((await people.logIn(person)).body.type).toBe("/problems/wrong-credentials");
  expect((await people.verified(person.email)).email).toBe(person.email);
});

test("while it is deleted, the account is closed: no login, no link, no mail, no name", async () => {
  const { person, session, userId, other, foreign, uploadId } = await withData(
    "a@example.org",
    "b@example.org",
  );
  const remove = app.files.storage.remove;
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const removing = Promise.withResolvers<void>();
  app.files.storage.remove = async (keys) => {
    if (keys.some((key) => key.includes(uploadId))) {
      removing.resolve();
      await released;
    }
    await remove(keys);
  };
  try {
    const reset = await app.request.post("/v1/password/forgot").send({ email: person.email });
    expect(reset.status).toBe(202);
    const token = tokenIn((await app.mailTo(person.email, "Set a new password")).text);
    await deletions.request(session, person);
    const { id } = await deletions.of(userId);
    const link = tokenIn((await app.mailTo(person.email, SCHEDULED)).text);
    await deletions.makeDue(id);
    await removing.promise;

    expect((await people.logIn(person)).status).toBe(401);
    const newPassword = { token, password: "another long password" };
    expect((await app.request.post("/v1/password/reset").send(newPassword)).status).toBe(410);
    expect((await app.request.post("/v1/account/deletion/cancel").send({ token: link })).status).toBe(410);
    await app.request.post("/v1/password/forgot").send({ email: person.email });
    const members = (await other.get(`/v1/projects/${foreign.id}/members`)).body.items;
    expect(members).toHaveLength(1);
    const path = `/v1/projects/${foreign.id}/members/${userId}`;
    expect((await other.patch(path).send({ role: "OWNER" })).status).toBe(404);
    const [{ id: taskId }] = (await other.get(`/v1/projects/${foreign.id}/tasks`)).body.items;
    expect((await other.get(`/v1/tasks/${taskId}/comments`)).body.items[1].authorName).toBeNull();
    release();
    await deletions.finished(id);
    await app.mailTo(person.email, DELETED);
    const [newest] = await app.mailsTo(person.email);
    expect(newest?.subject).toBe(DELETED);
  } finally {
    release();
    app.files.storage.remove = remove;
  }
});

test("a login at the very moment the deletion begins has exactly one of two outcomes", async () => {
  const race = async (round: number) => {
    const { person, userId, deletionId, jobId } = await leaving(`race-${round}@example.com`, inserted);
    await deletions.makeDue(deletionId);
    // At once, when the broker has the job, or when a worker has started it.
    const moments = [
      async () => true,
      async () => (await app.core.row(jobId)).state !== "PENDING",
      async () => (await app.core.row(jobId)).startedAt !== null,
    ];
    await until("the moment of this round", moments[round % 3]!);
    const { status, body } = await people.logIn(person);
    if (status !== 200) await deletions.finished(deletionId);
    const job = await until("the job ends", async () => {
      const { state, result } = await app.core.row(jobId);
      return state !== "PENDING" && state !== "PUBLISHED" && { state, result };
    });
    const user = await prisma().user.findUnique({ where: { id: userId } });
    const receipts = await prisma().accountDeletion.count({ where: { id: deletionId } });
    const deleted = typeof job.result === "object" && job.result !== null;
    expect([
      { status: 200, cancelled: true, deleted: false, address: person.email, closedAt: null, receipts: 0 },
      {
        status: 401,
        cancelled: undefined,
        deleted: true,
        address: undefined,
        closedAt: undefined,
        receipts: 1,
      },
    ]).toContainEqual({
      ...{ status, cancelled: body.deletionCancelled, deleted, receipts },
      ...{ address: user?.email, closedAt: user?.closedAt },
    });
  };
  const rounds = Array.from({ length: 20 }, (_, round) => round).values();
  const lane = async () => {
    for (const round of rounds) await race(round);
  };
  await Promise.all(Array.from({ length: 4 }, lane));
});

test("with a changed APP_SECRET the last mail goes to the dead letter at once", async () => {
  const sealedAddress = sealText(
    `${SECRET}, an older one`,
    "01932b5e-0000-7000-8000-000000000009",
    "x@example.com",
  );
  const { id } = await prisma().accountDeletion.create({
    data: { jobId: crypto.randomUUID(), dueAt: new Date(), finishedAt: new Date(), sealedAddress },
  });
  const { email } = await import("../../workers/email/job.ts");
  const jobId = await app.core.jobs.transaction(({ enqueue }) =>
    enqueue(email, { template: "account-deleted", recordId: id }),
  );
  const failed = await app.core.reaches(jobId, "FAILED");
  expect(failed.history).toHaveLength(1);
  expect(failed.error).toContain("sealed with another APP_SECRET");
});
