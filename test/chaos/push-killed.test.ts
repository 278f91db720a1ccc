import { setTimeout as sleep } from "node:timers/promises";
import { v7 as uuidv7 } from "uuid";
import { expect, it } from "vitest";
import { openDatabase, type Tx } from "../../infra/database.ts";
import { seededRandom } from "../../scripts/processes/random.ts";
import { until } from "../../scripts/processes/until.ts";
import { createJobs, type Jobs } from "../../workers/core/index.ts";
import { announce } from "../../workers/wiring/announce.ts";
import { untilAllFinished } from "../support/chaos/checks.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { createPhones, orderOf } from "../support/push/phones.ts";

const KILLS = 5;
const USERS = 4;
const PUSHES = 50;

/** Users with two devices each. */
const createUsers = async ({ sql }: System) => {
  const users = Array.from({ length: USERS }, () => uuidv7());
  for (const [index, id] of users.entries()) {
    await sql(`INSERT INTO "User" (id, email, name, "passwordHash") VALUES ($1, $2, 'Ada', '')`, [
      ...[id, `${id}@killed.example`],
    ]);
    await sql(
      `INSERT INTO "PushDevice" (id, "userId", token, platform)
       SELECT gen_random_uuid(), $1::uuid, $2 || '-' || n, 'ANDROID' FROM generate_series(1, 2) n`,
      [id, `token-${index}`],
    );
  }
  return users;
};

/** Ten notifications for each user, each in a transaction of its own, many at once. */
const notifyAll = async (jobs: Jobs<Tx>, users: string[]) => {
  const notifyOnce = (userId: string) =>
    jobs.transaction(({ tx }) => announce(tx, { userId, kind: "upload-ready", recordId: uuidv7() }));
  await Promise.all(users.flatMap((user) => Array.from({ length: PUSHES / KILLS }, () => notifyOnce(user))));
};

it(
  "pushes whose workers are killed arrive in their order, and only repeat the one that was being sent",
  { timeout: 400_000 },
  async () => {
    await using system = await createSystem();
    const users = await createUsers(system);
    const phones = createPhones(system.sandboxUrl);
    const random = seededRandom(20_261_128);
    const arrived = async () => (await phones.all()).reduce((sum, { total }) => sum + total, 0);
    const start = () => system.startChoreWorker({ WORKERS: "push-notify", LOCK_DURATION: "4000" });
    const database = openDatabase(system.env["DATABASE_URL"]!, 40, () => {});
    await using _closing = { [Symbol.asyncDispose]: database.close };
    const jobs = createJobs(database.jobs, () => {});

    for (let kills = 0; kills < KILLS; kills++) {
      const workers = await Promise.all([start(), start()]);
      const before = await arrived();
      const notified = notifyAll(jobs, users);
      await until("pushes arrive", async () => (await arrived()) > before);
      await sleep(random() * 50);
      await Promise.all(workers.map((worker) => worker.kill()));
      await notified;
    }
    await Promise.all([start(), start(), start(), start()]);
    await untilAllFinished(system);

    const all = await phones.all();
    expect(all).toHaveLength(2 * USERS);
    const expected = Array.from({ length: PUSHES }, (_, index) => index + 1);
    for (const { pushes } of all) expect(orderOf(pushes)).toEqual(expected);
    const repeated = all.flatMap(({ pushes }) => pushes.filter((push) => push.repeated));
    // A killed worker may have been sending one push to each user, to one device at a time.
    expect(repeated.length).toBeLessThanOrEqual(KILLS * USERS);
    // What arrives again has the id of the event that has its place.
    for (const { pushes } of all) expect(new Set(pushes.map(({ eventId }) => eventId)).size).toBe(PUSHES);
    const ended = await system.sql<{ state: string; crashes: number }>(
      `SELECT state::text, crashes FROM "Job"`,
      [],
    );
    expect(ended.filter(({ state }) => state !== "COMPLETED")).toEqual([]);
    expect(ended.reduce((sum, { crashes }) => sum + crashes, 0)).toBeGreaterThan(0);
  },
);
