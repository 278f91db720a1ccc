import { setTimeout as sleep } from "node:timers/promises";
import { v7 as uuidv7 } from "uuid";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openDatabase, type Tx } from "../../infra/database.ts";
import { createJobs, type Jobs } from "../../workers/core/index.ts";
import { loadConfig } from "../../infra/config.ts";
import { until } from "../../scripts/processes/until.ts";
import { createSandbox } from "../../sandbox/sandbox.ts";
import type { Infrastructure } from "../../workers/wiring/infrastructure.ts";
import { announce } from "../../workers/wiring/announce.ts";
import { wire } from "../../workers/wiring/push-notify.ts";
import { createCore, type Core } from "../support/core/core.ts";
import { brokerContent } from "../support/core/broker-content.ts";
import { createPhones, orderOf, type Phones } from "../support/push/phones.ts";

const WORKERS = 4;
const WRITERS = 10;
const cleanups = new AsyncDisposableStack();
let core: Core;
let phones: Phones;
/** Has its own connections, so that notifications do not wait for those of the workers. */
let writers: Jobs<Tx>;
beforeAll(async () => {
  core = cleanups.use(await createCore());
  const database = cleanups.adopt(
    openDatabase(core.url, WRITERS, () => {}),
    (each) => each.close(),
  );
  writers = createJobs(database.jobs, () => {});
  const sandbox = cleanups.adopt(
    await createSandbox({ host: "127.0.0.1", smtpPort: 0, httpPort: 0 }),
    (each) => each.close(),
  );
  const sandboxUrl = `http://127.0.0.1:${sandbox.httpPort}`;
  phones = createPhones(sandboxUrl);
  core.startRelay();
  for (let n = 0; n < WORKERS; n++) {
    const worker = await wire({
      config: loadConfig("worker", { FCM_SANDBOX_URL: sandboxUrl }),
      log: core.log,
      prisma: core.database.prisma,
      jobs: core.jobs,
      storage: {} as Infrastructure["storage"],
      onClose: (close) => cleanups.defer(async () => close()),
    });
    core.work(worker);
  }
});
afterEach(() => phones.setOutage("off"));
afterAll(() => cleanups.disposeAsync());

/** A user with these tokens. */
const createUser = async (...tokens: string[]) => {
  const id = uuidv7();
  const user = { id, email: `${id}@push.example`, name: "Ada", passwordHash: "" };
  const devices = tokens.map((token) => ({ token, platform: "ANDROID" as const }));
  await core.database.prisma.user.create({ data: { ...user, pushDevices: { create: devices } } });
  return id;
};

/** Notifies a user in as many transactions, up to ten at once: all of them wait for the lock of the user's feed. */
const notifyTimes = async (userId: string, times: number) => {
  let left = times;
  const notifyOnceMore = async () => {
    while (left-- > 0)
      await writers.transaction(({ tx }) =>
        announce(tx, { userId, kind: "upload-ready", recordId: uuidv7() }),
      );
  };
  await Promise.all(Array.from({ length: WRITERS }, notifyOnceMore));
};

const devicesOf = (userId: string) =>
  core.database.prisma.pushDevice.findMany({ where: { userId }, orderBy: { token: "asc" } });

const jobsOf = (userId: string) =>
  core.sql<{ state: string; attempt: number; crashes: number }>(
    `SELECT state::text, attempt, crashes FROM "Job" WHERE payload ->> 'userId' = $1`,
    [userId],
  );

const untilIdle = () =>
  until("all jobs have ended", async () => {
    const states = { in: ["WAITING" as const, "PENDING" as const, "PUBLISHED" as const] };
    return (await core.database.prisma.job.count({ where: { state: states } })) === 0;
  });

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test("fifty notifications at once arrive in their order on each device, one drain at a time", async () => {
  const user = await createUser("a-1", "a-2");
  await notifyTimes(user, 50);
  await untilIdle();
  for (const token of ["a-1", "a-2"]) {
    const pushes = await phones.pushesTo(token);
    expect(pushes.map(({ sequence }) => sequence)).toEqual(numbers(50));
  }
  expect((await devicesOf(user)).map(({ sentUpTo }) => sentUpTo)).toEqual([50, 50]);
});

test("they arrive in their order when the provider refuses in the middle, not before its Retry-After", async () => {
  const user = await createUser("b-1");
  await notifyTimes(user, 20);
  await until("some have arrived", async () => (await phones.pushesTo("b-1")).length > 2);
  await phones.setOutage("refuse");
  await notifyTimes(user, 30);
  const refused = await until("one is refused", async () =>
    (await phones.calls()).find(({ token, status }) => token === "b-1" && status === 503),
  );
  await phones.setOutage("off");
  await untilIdle();
  const pushes = await phones.pushesTo("b-1");
  expect(pushes.map(({ sequence }) => sequence)).toEqual(numbers(50));
  const calls = (await phones.calls()).filter(({ token }) => token === "b-1");
  const next = calls[calls.findIndex(({ arrivedAt }) => arrivedAt === refused.arrivedAt) + 1];
  expect(next!.arrivedAt - refused.answeredAt!).toBeGreaterThanOrEqual(2_000);
  expect((await jobsOf(user)).filter(({ attempt }) => attempt > 0)).toEqual([]); // a pause spends no attempt
});

test.for([
  ["refuse", 503],
  ["limit", 429],
] as const)("after %s, no push of any user is sent before Retry-After", async ([mode, status]) => {
  const users = await Promise.all(numbers(5).map((n) => createUser(`${mode}-${n}`)));
  await phones.setOutage(mode);
  await notifyTimes(users[0]!, 1);
  const first = await until("it is refused", async () =>
    (await phones.calls()).find((call) => call.token === `${mode}-1` && call.status === status),
  );
  await phones.setOutage("off");
  await until(
    "the queue is paused",
    async () => (await core.broker.queue("push-notify").getRateLimitTtl()) > 0,
  );
  await Promise.all(users.slice(1).map((user) => notifyTimes(user, 1)));
  await untilIdle();
  const calls = (await phones.calls()).filter(({ token }) => token.startsWith(`${mode}-`));
  const accepted = calls.filter((call) => call.status === 200);
  expect(accepted).toHaveLength(5);
  for (const { arrivedAt } of accepted) expect(arrivedAt - first.answeredAt!).toBeGreaterThanOrEqual(2_000);
});

test("drains of other processes stop at a pause, in the middle", async () => {
  const callsOf = async () => (await phones.calls()).filter(({ token }) => token.startsWith("slow-p"));
  const workersOfRuns = async () =>
    (
      await core.sql<{ by: string }>(
        `SELECT DISTINCT "startedBy" AS by FROM "Job" WHERE name = 'push-notify' AND state = 'PUBLISHED' AND "startedAt" IS NOT NULL`,
        [],
      )
    ).length;
  // One user after the other, so that their pushes end at different times and the first to be refused is alone. Until
  // several workers, which have as little in common as processes, send some.
  const tokens: string[] = [];
  do {
    const token = `slow-p${tokens.length + 1}`;
    const user = await createUser(token);
    tokens.push(token);
    await notifyTimes(user, 3);
    await until("it is being sent", async () => (await callsOf()).some((call) => call.token === token));
    await sleep(400);
  } while ((await workersOfRuns()) < 2);
  await phones.setOutage("limit");
  const first = await until("one is refused", async () =>
    (await callsOf()).find(({ status }) => status === 429),
  );
  await phones.setOutage("off");
  await untilIdle();
  const calls = await callsOf();
  const during = calls.filter(
    ({ arrivedAt }) => arrivedAt > first.answeredAt! && arrivedAt < first.answeredAt! + 2_000,
  );
  expect(during).toEqual([]);
  for (const token of tokens)
    expect((await phones.pushesTo(token)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});

test("tokens that are gone or invalid are removed in one attempt, and the other devices get their pushes", async () => {
  const user = await createUser("c-1", "gone-c", "invalid-c");
  await notifyTimes(user, 3);
  await untilIdle();
  expect(orderOf(await phones.pushesTo("c-1"))).toEqual([1, 2, 3]);
  expect((await devicesOf(user)).map(({ token }) => token)).toEqual(["c-1"]);
  const calls = await phones.calls();
  for (const token of ["gone-c", "invalid-c"])
    expect(calls.filter((call) => call.token === token)).toHaveLength(1);
});

test("a device that fails does not stop the others of its user, and is sent to again", async () => {
  const user = await createUser("broken-d", "d-1");
  await notifyTimes(user, 2);
  await until("the other device has both", async () => (await phones.pushesTo("d-1")).length === 2);
  const { count } = await core.database.prisma.pushDevice.updateMany({
    where: { token: "broken-d" },
    data: { token: "d-2" },
  });
  expect(count).toBe(1);
  await untilIdle();
  expect(orderOf(await phones.pushesTo("d-2"))).toEqual([1, 2]);
  expect(await phones.pushesTo("d-1")).toHaveLength(2);
});

test("slow users do not delay others", async () => {
  // One more than a process runs at a time would stop; these leave most places of the four workers.
  const slow = await Promise.all(numbers(10).map((n) => createUser(`slow-${n}`)));
  await Promise.all(slow.map((user) => notifyTimes(user, 2)));
  await until("all of them wait for the provider", async () => {
    const calls = (await phones.calls()).filter(({ token }) => token.startsWith("slow-"));
    return calls.length >= 10;
  });
  const fast = await createUser("e-1");
  await notifyTimes(fast, 1);
  await until("the other has its push", async () => (await phones.pushesTo("e-1")).length === 1);
  expect(await phones.pushesTo("slow-1")).toEqual([]);
  await untilIdle();
  for (const n of numbers(10)) expect(orderOf(await phones.pushesTo(`slow-${n}`))).toEqual([1, 2]);
});

test.each([
  ["is closed", "g-1", { closedAt: new Date() }],
  ["wants no pushes", "g-2", { notifyByPush: false }],
])("an account that %s gets no push", async (_what, token, data) => {
  const user = await createUser(token);
  await core.jobs.transaction(async ({ tx }) => {
    await announce(tx, { userId: user, kind: "upload-ready", recordId: uuidv7() });
    await tx.user.update({ where: { id: user }, data });
  });
  await untilIdle();
  expect(await jobsOf(user)).toMatchObject([{ state: "COMPLETED" }]);
  expect(await phones.pushesTo(token)).toEqual([]);
});

test("an account that is closed during a run gets no more than the push that is being sent", async () => {
  const user = await createUser("slow-h1", "slow-h2");
  await notifyTimes(user, 3);
  await until("one is being sent", async () =>
    (await phones.calls()).some(({ token }) => token.startsWith("slow-h")),
  );
  await core.database.prisma.user.update({ where: { id: user }, data: { closedAt: new Date() } });
  await untilIdle();
  expect((await phones.calls()).filter(({ token }) => token.startsWith("slow-h"))).toHaveLength(1);
});

test("while the provider refuses the credentials, an alert is logged, pushes wait and no token is removed", async () => {
  const user = await createUser("f-1");
  await phones.setOutage("credentials");
  await notifyTimes(user, 1);
  await until("there is an alert", () =>
    core.logged.some(({ message }) => message.includes("FCM refuses the service account")),
  );
  expect(await jobsOf(user)).toMatchObject([{ state: "PUBLISHED", attempt: 0 }]);
  expect(await devicesOf(user)).toHaveLength(1);
});

test("no token is in the log, the ledger or the broker", async () => {
  const places = {
    log: JSON.stringify(core.logged),
    ledger: JSON.stringify(await core.sql(`SELECT * FROM "Job"`, [])),
    broker: await brokerContent(core.queueUrl, core.sql),
  };
  for (const content of Object.values(places)) {
    expect(content).toContain("push-notify");
    expect(content).not.toMatch(/"[a-f]-\d"|(gone|invalid|broken|slow)-[a-z\d]/);
  }
});
