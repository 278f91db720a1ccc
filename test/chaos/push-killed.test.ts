import { setTimeout as sleep } from "node:timers/promises";
import { v7 as uuidv7 } from "uuid";
import { expect, it } from "vitest";
import { openDatabase } from "../../infra/database.ts";
import { seededRandom } from "../../scripts/processes/random.ts";
import { until } from "../../scripts/processes/until.ts";
import { createJobs } from "../../workers/core/index.ts";
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

/** Fifty notifications for each user, each in a transaction of its own, many at once. */
const notifyAll = async ({ env }: System, users: string[]) => {
  const database = openDatabase(env["DATABASE_URL"]!, 20, () => {});
  const jobs = createJobs(database.jobs, () => {});
  const notifyOnce = (userId: string) =>
    jobs.transaction(({ tx }) => announce(tx, { userId, kind: "upload-ready", recordId: uuidv7() }));
  await Promise.all(users.flatMap((user) => Array.from({ length: PUSHES }, () => notifyOnce(user))));
  await database.close();
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
    const start = () => system.startWorker({ WORKERS: "push-notify" });

    const workers = await Promise.all([start(), start(), start(), start()]);
    await notifyAll(system, users);
    for (let kills = 0; kills < KILLS; kills++) {
      const before = await arrived();
      await until("pushes arrive", async () => (await arrived()) > before);
      await sleep(random() * 100);
      await workers.shift()!.kill();
      workers.push(await start());
    }
    await untilAllFinished(system);

    const all = await phones.all();
    expect(all).toHaveLength(2 * USERS);
    const expected = Array.from({ length: PUSHES }, (_, index) => index + 1);
    for (const { pushes } of all) expect(orderOf(pushes)).toEqual(expected);
    const repeated = all.flatMap(({ pushes }) => pushes.filter((push) => push.repeated));
    // A killed worker may have been sending one push to each user, to one device at a time.
    expect(repeated.length).toBeLessThanOrEqual(KILLS * USERS);
    for (const { pushes } of all)
      for (const { eventId, sequence } of pushes)
        expect(pushes.filter((push) => push.eventId === eventId).map((push) => push.sequence)).toEqual(
          pushes.filter((push) => push.sequence === sequence).map(() => sequence),
        );
    const jobs = await system.sql<{ state: string; crashes: number }>(
      `SELECT state::text, crashes FROM "Job"`,
      [],
    );
    expect(jobs.filter(({ state }) => state !== "COMPLETED")).toEqual([]);
    expect(jobs.reduce((sum, { crashes }) => sum + crashes, 0)).toBeGreaterThan(0);
  },
);
