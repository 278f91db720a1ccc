import { expect, test } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { loadConfig } from "../../infra/config.ts";
import { email } from "../../workers/email/job.ts";
import { wire } from "../../workers/wiring/email.ts";
import { type Core, createCore, type LedgerRow } from "../support/core/core.ts";
import { insertJob } from "../support/core/insert-job.ts";
import { createTestStorage } from "../support/servers/storage.ts";
import {
  type Script,
  type ScriptedProvider,
  startScriptedProvider,
} from "../support/servers/scripted-smtp.ts";

const SECRET = "a secret for tests, of more than 32 characters";

interface System extends AsyncDisposable {
  readonly core: Core;
  readonly provider: ScriptedProvider;
  /** Enqueues one mail to each of these addresses. */
  enqueue(addresses: readonly string[]): Promise<void>;
  /** Ends all workers, and the pause of the queue, and starts one worker: the operator corrected the settings. */
  restart(): Promise<void>;
  rows(): Promise<LedgerRow[]>;
  /** Resolves with the rows when every mail is sent. */
  allSent(): Promise<LedgerRow[]>;
}

/** The email module with a provider that follows a script. */
const createSystem = async (script: Script, { workers = 1, delay = 0 } = {}): Promise<System> => {
  const cleanups = new AsyncDisposableStack();
  const provider = cleanups.use(await startScriptedProvider(script, delay));
  const core = cleanups.use(await createCore());
  const { storage } = cleanups.use(await createTestStorage("local", SECRET));
  const config = loadConfig("worker", { APP_SECRET: SECRET, SMTP_URL: provider.url });
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const onClose = (close: () => void) => cleanups.defer(async () => close());
  const { database, jobs } = core;
  const addWorker = () => core.work(wire({ config, log, prisma: database.prisma, jobs, storage, onClose }));
  const running = Array.from({ length: workers }, addWorker);

  const rows = () => core.sql<LedgerRow>(`SELECT * FROM "Job"`, []);
  return {
    core,
    provider,
    enqueue: async (addresses) => {
      for (const address of addresses) {
        const [user] = await core.sql<{ id: string }>(
          `INSERT INTO "User" (id, email, name, "passwordHash") VALUES (gen_random_uuid(), $1, 'Ada', '-') RETURNING id`,
          [address],
        );
        await insertJob(core.sql, email, { template: "welcome", userId: user!.id });
      }
      core.startRelay();
    },
    restart: async () => {
      await Promise.all(running.map((each) => each.close(1_000)));
      await core.broker.queue(email.name).removeRateLimitKey();
      addWorker();
    },
    rows,
    allSent: () =>
      until("every mail is sent", async () => {
        const all = await rows();
        return all.every(({ state }) => state === "COMPLETED") && all;
      }),
    [Symbol.asyncDispose]: () => cleanups.disposeAsync(),
  };
};

const addresses = (count: number, name: string) =>
  Array.from({ length: count }, (_, n) => `${name}-${n}@example.com`);

/** The log lines about runs that ended in this way. */
const runs = ({ core }: System, outcome: string) =>
  core.logged.filter(({ fields, message }) => message === "job" && fields["outcome"] === outcome);

/** The names of the recipients, without duplicates. */
const names = (commands: readonly { recipient: string }[]) =>
  [...new Set(commands.map(({ recipient }) => recipient))].toSorted();

/** A pause of the process or of the queue may have given the job back. */
const expectNoAttempt = ({ attempt, history }: LedgerRow) => {
  expect(attempt).toBe(0);
  for (const { outcome } of history) expect(outcome).toBe("limited");
};

const atMost =
  (allowed: number, reply: string, at = "CONNECT"): Script =>
  ({ stage, place }) =>
    stage === at && place > allowed ? reply : undefined;

test.concurrent.for<[string, Script]>([
  ["421 at the greeting", atMost(3, "421 4.7.0 too many connections")],
  ["454 at AUTH", atMost(3, "454 4.7.0 too many connections", "AUTH")],
  ["432 at the end of DATA", atMost(3, "432 4.3.2 concurrent connections limit exceeded", "DATA")],
])("a limit of three connections, by %s, costs no attempt and no pause", async ([, script], { expect }) => {
  await using system = await createSystem(script, { delay: 50 });
  await system.enqueue(addresses(40, "ada"));
  for (const { attempt, history } of await system.allSent())
    expect({ attempt, history }).toEqual({ attempt: 0, history: [] });
  expect(runs(system, "released")).toEqual([]);
  expect(system.provider.refusals.length).toBeLessThan(12);
  expect(system.provider.arrivals).toHaveLength(40);
});

test.concurrent("two processes share three connections without pausing the queue", async ({ expect }) => {
  await using system = await createSystem(atMost(3, "421 4.7.0 too many connections"), {
    workers: 2,
    delay: 50,
  });
  await system.enqueue(addresses(60, "ada"));
  for (const job of await system.allSent()) expectNoAttempt(job);
  // A delay of 0: released to the other process. A pause of the queue has a delay.
  for (const { fields } of runs(system, "released")) expect(fields["delay"]).toBe(0);
  expect(system.provider.refusals.length).toBeLessThan(40);
});

test.concurrent("421 after three mails of a connection opens another one", async ({ expect }) => {
  const script: Script = ({ stage, mails }) =>
    stage === "MAIL FROM" && mails >= 3 ? "421 4.7.0 too many mails" : undefined;
  await using system = await createSystem(script, { delay: 50 });
  await system.enqueue(addresses(40, "ada"));
  for (const { attempt, history } of await system.allSent())
    expect({ attempt, history }).toEqual({ attempt: 0, history: [] });
  expect(runs(system, "released")).toEqual([]);
});

test.concurrent(
  "greylisted recipients back off alone, and the others receive their mails",
  async ({ expect }) => {
    let isGreylisting = true;
    const script: Script = ({ stage, recipient }) =>
      isGreylisting && stage === "RCPT TO" && recipient.startsWith("grey")
        ? "450 4.7.1 greylisted"
        : undefined;
    await using system = await createSystem(script);
    await system.enqueue([...addresses(28, "grey"), ...addresses(30, "good")]);
    await until("the other mails have arrived", () => system.provider.arrivals.length === 30, 30_000);
    expect(names(system.provider.arrivals)).toEqual(addresses(30, "good").toSorted());
    expect(runs(system, "released")).toEqual([]);
    isGreylisting = false;
    for (const { history } of await system.allSent())
      for (const { outcome } of history) expect(outcome).toBe("retry");
  },
);

/** The alerts of pauses: what the operator must do. */
const alerts = ({ core }: System) => core.logged.filter(({ message }) => message.includes("check SMTP_URL"));

test.concurrent(
  "a quota or a wrong sender pauses the queue with one alert, and loses no mail",
  async ({ expect }) => {
    await using system = await createSystem(({ stage }) =>
      stage === "MAIL FROM" ? "550 5.4.5 daily quota exceeded" : undefined,
    );
    await system.enqueue(addresses(5, "ada"));
    await until("the operator is alerted", () => alerts(system).length > 0);
    const { job, ms, error } = alerts(system)[0]!.fields;
    expect({ job, ms }).toEqual({ job: "email", ms: 60_000 });
    expect(error).toContain("550 5.4.5 at MAIL FROM");

    system.provider.script = () => undefined;
    await system.restart(); // instead of waiting for a minute
    for (const job of await system.allSent()) expectNoAttempt(job);
    expect(alerts(system)).toHaveLength(1);
  },
);

test.concurrent(
  "554 at the end of DATA for every mail pauses, alerts, and loses no mail",
  async ({ expect }) => {
    await using system = await createSystem(({ stage }) =>
      stage === "DATA" ? "554 Message rejected: Email address is not verified" : undefined,
    );
    await system.enqueue(addresses(5, "ada"));
    await until("the operator is alerted", () => alerts(system).length > 0);
    system.provider.script = () => undefined;
    for (const { history } of await system.allSent())
      for (const { outcome } of history) expect(["retry", "limited"]).toContain(outcome);
    expect(alerts(system)).toHaveLength(1);
  },
);

test.concurrent("a mail that is rejected while others pass goes to the dead letter", async ({ expect }) => {
  await using system = await createSystem(({ stage, recipient }) =>
    stage === "DATA" && recipient.startsWith("bad") ? "554 5.7.1 rejected as spam" : undefined,
  );
  await system.enqueue([...addresses(1, "bad"), ...addresses(40, "good")]);
  const [failed] = await until("one has failed", async () => {
    const found = (await system.rows()).filter(({ state }) => state === "FAILED");
    return found.length > 0 && found;
  });
  expect(failed?.attempt).toBeLessThanOrEqual(3);
  await until("the others have arrived", () => system.provider.arrivals.length === 40);
  expect(names(system.provider.arrivals)).toEqual(addresses(40, "good").toSorted());
  expect(alerts(system)).toEqual([]);
});
