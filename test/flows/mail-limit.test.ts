import { expect, test } from "vitest";
import { insertJob } from "../support/core/insert-job.ts";
import { email } from "../../workers/email/job.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { startScriptedProvider } from "../support/servers/scripted-smtp.ts";
import { until } from "../../scripts/processes/until.ts";

const { max, per } = email.rateLimit!;

/** Milliseconds: how long 421 and 454 pause the queue (failure.ts), and how long mails in transit may take. */
const PAUSE = 5_000;
const FLIGHT = 2_000;

const enqueueMails = async ({ sql }: System, times: number) => {
  const [user] = await sql<{ id: string }>(
    `INSERT INTO "User" (id, email, name, "passwordHash")
     VALUES (gen_random_uuid(), 'ada@example.com', 'Ada', '-') RETURNING id`,
    [],
  );
  const mail = { template: "welcome" as const, userId: user!.id };
  await Promise.all(Array.from({ length: times }, () => insertJob(sql, email, mail)));
};

interface Sent {
  attempt: number;
  crashes: number;
  history: { outcome: string }[];
  startedBy: string;
  startedAt: Date;
}

/** Resolves with the job rows when this many mails are sent. */
const sent = ({ sql }: System, times: number) =>
  until(`${times} mails are sent`, async () => {
    const rows = await sql<Sent>(
      `SELECT attempt, crashes, history, "startedBy", "startedAt" FROM "Job" WHERE state = 'COMPLETED'`,
      [],
    );
    return rows.length === times && rows;
  });

/** The maximum number of times within any window of `length` milliseconds. */
const most = (moments: readonly number[], length: number) =>
  Math.max(...moments.map((from) => moments.filter((at) => at >= from && at < from + length).length));

test("three processes together respect the provider's rate limit", async () => {
  await using system = await createSystem();
  await Promise.all([system.startWorker(), system.startWorker(), system.startWorker()]);
  await enqueueMails(system, 12 * max);
  const jobs = await sent(system, 12 * max);
  expect(new Set(jobs.map(({ startedBy }) => startedBy)).size).toBe(3);

  // The rate limit counts starts in fixed windows of one second. Any second overlaps two windows, any five seconds
  // overlap six, and the starts of one more window may be recorded late. Arrivals are less exact: the first mails wait
  // for their connections and arrive together on a busy machine. Twelve windows take over ten seconds; three processes
  // with separate limits would need four.
  const starts = jobs.map(({ startedAt }) => startedAt.getTime());
  const arrivals = (await system.mails()).map(({ receivedAt }) => Date.parse(receivedAt));
  expect(most(starts, per)).toBeLessThanOrEqual(3 * max);
  expect(most(starts, 5 * per)).toBeLessThanOrEqual(7 * max);
  expect(Math.max(...arrivals) - Math.min(...arrivals)).toBeGreaterThan(7 * per);
});

test.concurrent.for(["421 4.7.0 slow down", "454 Throttling failure: Maximum sending rate exceeded."])(
  "%s pauses the queue and uses no attempt",
  async (reply, { expect }) => {
    let times = 3;
    await using provider = await startScriptedProvider(({ stage }) =>
      stage === "RCPT TO" && times-- > 0 ? reply : undefined,
    );
    await using system = await createSystem();
    await system.startWorker({ SMTP_URL: provider.url });
    await enqueueMails(system, 2 * max);

    for (const { attempt, crashes, history } of await sent(system, 2 * max)) {
      expect({ attempt, crashes }).toEqual({ attempt: 0, crashes: 0 });
      for (const { outcome } of history) expect(outcome).toBe("limited");
    }
    const refusals = provider.refusals.map(({ at }) => at);
    const arrivals = provider.arrivals.map(({ at }) => at);
    expect(refusals).toHaveLength(3);
    expect(arrivals).toHaveLength(2 * max);
    const inPause = [...refusals, ...arrivals].filter((at) =>
      refusals.some((refused) => at > refused + FLIGHT && at < refused + PAUSE - 100),
    );
    expect(inPause).toEqual([]);
  },
);
