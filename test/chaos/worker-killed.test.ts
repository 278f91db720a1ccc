import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { insertJob } from "../support/core/insert-job.ts";
import { email } from "../../workers/email/job.ts";
import { expectAllDoneOnce, expectCompleteSignUps, untilAllFinished } from "../support/chaos/checks.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { seededRandom } from "../../scripts/processes/random.ts";
import { createProxy } from "../support/servers/proxy.ts";

const KILLS = 15;
const MAILS = 100;

/** Milliseconds by which each reply of the mail server is delayed, so that sending a mail takes about 200 ms. */
const DELAY = 50;

const enqueueMails = async ({ sql }: System) => {
  const users = await sql<{ id: string }>(
    `INSERT INTO "User" (id, email, name, "passwordHash")
     SELECT gen_random_uuid(), n || '@killed.example', 'Ada', '' FROM generate_series(1, $1) n RETURNING id`,
    [MAILS],
  );
  await Promise.all(users.map(({ id }) => insertJob(sql, email, { template: "account-exists", userId: id })));
};

const killWorkers = async (system: System) => {
  const random = seededRandom(20_261_123);
  let kills = 0;
  const killInSequence = async () => {
    await using proxy = await createProxy(Number(new URL(system.env["SMTP_URL"]!).port), (chunk, client) =>
      setTimeout(() => client.write(chunk), DELAY),
    );
    const env = { SMTP_URL: `smtp://127.0.0.1:${proxy.port}`, LOCK_DURATION: "4000", WORKERS: "email" };
    while (kills++ < KILLS) {
      const worker = await system.startChoreWorker(env);
      for (let line = ""; !line.startsWith("MAIL FROM");) [line] = await once(proxy.received, "line");
      await sleep(random() * 5 * DELAY);
      await worker.kill();
    }
  };
  await Promise.all([killInSequence(), killInSequence()]);
};

it(
  "a mail whose worker is killed is sent, at most once more per kill, always with the same message id",
  { timeout: 600_000 },
  async () => {
    await using system = await createSystem();
    await enqueueMails(system);
    await killWorkers(system);
    await system.startChoreWorker();
    await untilAllFinished(system);
    await expectAllDoneOnce(system);
    await expectCompleteSignUps(system);

    const copies = Map.groupBy(await system.mails(), ({ messageId }) => messageId);
    const jobs = await system.sql<{ id: string; attempt: number; crashes: number }>(
      `SELECT id, attempt, crashes FROM "Job"`,
      [],
    );
    const copiesOf = (id: string) => copies.get(`<${id}@offstage.example>`)?.length ?? 0;
    expect(jobs.filter(({ id, crashes }) => copiesOf(id) > 1 + crashes)).toEqual([]);
    expect(jobs.filter(({ attempt }) => attempt > 0)).toEqual([]);
    // A worker sends several mails at a time, so that kills interrupt more mails than there are kills.
    expect(jobs.reduce((sum, { crashes }) => sum + crashes, 0)).toBeGreaterThan(KILLS);
  },
);
