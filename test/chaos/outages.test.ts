import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, inject, it } from "vitest";
import { insertJob } from "../support/core/insert-job.ts";
import { expectAllDoneOnce, expectWholeSignUps, untilAllOver } from "../support/chaos/checks.ts";
import { chore } from "../../scripts/chaos/jobs.ts";
import { type Answer, signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import type { ProjectProcess } from "../../scripts/processes/project-process.ts";
import { createPostgres, createRedis, type Store } from "../../scripts/processes/stores.ts";
import { until } from "../../scripts/processes/until.ts";

const OUTAGE = 20_000;

/** Milliseconds that any answer may take, even where a frozen PostgreSQL must be given up on more than once. */
const BOUND = 30_000;

/** Sign-ups at a steady rate, until `stop`, which resolves with every answer. */
const startLoad = ({ apiUrl }: System) => {
  const answers: Promise<Answer>[] = [];
  const timer = setInterval(() => answers.push(signUp(apiUrl, `${answers.length}@load.example`)), 500);
  return {
    stop: () => {
      clearInterval(timer);
      return Promise.all(answers);
    },
  };
};

const isAllowed = ({ status, retryAfter, ms }: Answer) =>
  ms < BOUND && (status === 202 || (status === 503 && retryAfter !== null));

const untilMailTo = (system: System, address: string) =>
  until(`a mail to ${address}`, async () => (await system.mails()).some(({ to }) => to === address), 120_000);

const expectRecovered = async (system: System, api: ProjectProcess, answers: Answer[]) => {
  await untilAllOver(system);
  await expectAllDoneOnce(system);
  const users = await expectWholeSignUps(system);
  const refused = answers.filter((answer) => !isAllowed(answer));
  const logged = api.output.filter((line) => line.includes('"level":"error"'));
  expect(refused.map((answer) => ({ ...answer, logged }))).toEqual([]);
  expect(answers.filter(({ status, email }) => status === 202 && !users.has(email))).toEqual([]);
};

const survives = async (system: System, takeAway: () => Promise<void> | void, bringBack: typeof takeAway) => {
  const [api] = await Promise.all([system.startApi(), system.startWorker(), system.startChoreWorker()]);
  const load = startLoad(system);
  await until("mails arrive", async () => (await system.mails()).length > 3);
  // Some end while the store is away, some after it.
  const lengths = [1, 2, 3, 4, 5, 6, 7, 26, 27, 28];
  await Promise.all(lengths.map((seconds) => insertJob(system.sql, chore, { ms: seconds * 1_000 })));

  await takeAway();
  await sleep(OUTAGE);
  await bringBack();

  await until("a 202", async () => (await signUp(system.apiUrl, "back@load.example")).status === 202);
  await untilMailTo(system, "back@load.example");
  await expectRecovered(system, api, await load.stop());
};

/** Starts API and worker while a store is away, and brings it when they have noticed. */
const survivesBoot = async (system: System, store: Store, statusMeanwhile: 202 | 503) => {
  const api = await system.startApi();
  const worker = system.start("workers/main.ts");
  const choreWorker = system.start("scripts/chaos/chore-worker.ts");
  await worker.wrote("waiting for");
  const early = await signUp(system.apiUrl, "early@load.example");
  expect(early.status).toBe(statusMeanwhile);

  await store.start();
  await worker.wrote("working");
  await insertJob(system.sql, chore, {});
  const late = await signUp(system.apiUrl, "late@load.example");
  expect(late.status).toBe(202);
  await untilMailTo(system, "late@load.example");
  await expectRecovered(system, api, [early, late]);
  const exits = await Promise.all([api, worker, choreWorker].map((child) => child.kill("SIGTERM")));
  expect(exits.map(({ code }) => code)).toEqual([0, 0, 0]);
};

describe.concurrent("without anybody's help", { timeout: 600_000 }, () => {
  const redisCases = () =>
    describe("the system outlives a Redis", () => {
      it.for(["empty", "with its data"] as const)(
        "that dies and comes back after 20 s %s",
        async (comesBack) => {
          await using redis = await createRedis(comesBack);
          await redis.start();
          await using system = await createSystem({ queueUrl: redis.url });
          await survives(system, redis.crash, redis.start);
        },
      );

      it("that freezes for 20 s", async () => {
        await using redis = await createRedis("with its data");
        await redis.start();
        await using system = await createSystem({ queueUrl: redis.url });
        await survives(system, redis.freeze, redis.thaw);
      });

      it("that comes later than the system", async () => {
        await using redis = await createRedis("empty");
        await using system = await createSystem({ queueUrl: redis.url });
        await survivesBoot(system, redis, 202);
      });
    });

  const linuxCases = () =>
    it("that freezes for 20 s", async () => {
      await using postgres = await createPostgres();
      await using system = await createSystem({ databaseUrl: postgres.url });
      await survives(system, postgres.freeze, postgres.thaw);
    });

  // Declared for the broker of this run, rather than skipped for the other.
  if (inject("redisUrl")) redisCases();

  describe("the system outlives a PostgreSQL", () => {
    it("that stops for 20 s", async () => {
      await using postgres = await createPostgres();
      await using system = await createSystem({ databaseUrl: postgres.url });
      await survives(system, postgres.stop, postgres.start);
    });

    // How its sessions are found to be frozen is Linux's.
    if (process.platform === "linux") linuxCases();

    it("that comes later than the system", async () => {
      await using postgres = await createPostgres();
      await using system = await createSystem({ databaseUrl: postgres.url });
      await postgres.stop();
      await survivesBoot(system, postgres, 503);
    });
  });
});
