import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, inject, it } from "vitest";
import { insertJob } from "../support/core/insert-job.ts";
import { expectAllDoneOnce, expectCompleteSignUps, untilAllFinished } from "../support/chaos/checks.ts";
import { chore } from "../../scripts/chaos/jobs.ts";
import { type SignUpResponse, signUp } from "../support/chaos/signup.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import type { ProjectProcess } from "../../scripts/processes/project-process.ts";
import { createPostgres, createRedis, type Store } from "../../scripts/processes/stores.ts";
import { until } from "../../scripts/processes/until.ts";

const OUTAGE = 20_000;

/** The maximum duration of any response in ms, even if it includes several timeouts of a frozen PostgreSQL. */
const MAX_DURATION = 30_000;

/** Signs up users at a steady rate until `stop`, which resolves with all responses. */
const startLoad = ({ apiUrl }: System) => {
  const responses: Promise<SignUpResponse>[] = [];
  const timer = setInterval(() => responses.push(signUp(apiUrl, `${responses.length}@load.example`)), 500);
  return {
    stop: () => {
      clearInterval(timer);
      return Promise.all(responses);
    },
  };
};

const isAllowed = ({ status, retryAfter, ms }: SignUpResponse) =>
  ms < MAX_DURATION && (status === 202 || (status === 503 && retryAfter !== null));

const untilMailTo = (system: System, address: string) =>
  until(`a mail to ${address}`, async () => (await system.mails()).some(({ to }) => to === address), 120_000);

const expectRecovered = async (system: System, api: ProjectProcess, responses: SignUpResponse[]) => {
  await untilAllFinished(system);
  await expectAllDoneOnce(system);
  const users = await expectCompleteSignUps(system);
  const unexpected = responses.filter((response) => !isAllowed(response));
  const logged = api.output.filter((line) => line.includes('"level":"error"'));
  expect(unexpected.map((response) => ({ ...response, logged }))).toEqual([]);
  expect(responses.filter(({ status, email }) => status === 202 && !users.has(email))).toEqual([]);
};

const survives = async (system: System, interrupt: () => Promise<void> | void, restore: typeof interrupt) => {
  const [api] = await Promise.all([system.startApi(), system.startWorker(), system.startChoreWorker()]);
  const load = startLoad(system);
  await until("some mails have arrived", async () => (await system.mails()).length > 3);
  // Some finish during the outage, some after it.
  const lengths = [1, 2, 3, 4, 5, 6, 7, 26, 27, 28];
  await Promise.all(lengths.map((seconds) => insertJob(system.sql, chore, { ms: seconds * 1_000 })));

  await interrupt();
  await sleep(OUTAGE);
  await restore();

  await until(
    "sign-up returns 202",
    async () => (await signUp(system.apiUrl, "back@load.example")).status === 202,
  );
  await untilMailTo(system, "back@load.example");
  await expectRecovered(system, api, await load.stop());
};

/** Starts the API and the workers while a store is down, and starts the store when a worker waits for it. */
const survivesBoot = async (system: System, store: Store, statusWhileDown: 202 | 503) => {
  const api = await system.startApi();
  const worker = system.start("workers/main.ts");
  const choreWorker = system.start("scripts/chaos/chore-worker.ts");
  await worker.wrote("waiting for");
  const early = await signUp(system.apiUrl, "early@load.example");
  expect(early.status).toBe(statusWhileDown);

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

describe.concurrent("without manual intervention", { timeout: 600_000 }, () => {
  const redisCases = () =>
    describe("the system recovers when Redis", () => {
      it.for(["empty", "with its data"] as const)("crashes and restarts after 20 s %s", async (data) => {
        await using redis = await createRedis(data);
        await redis.start();
        await using system = await createSystem({ queueUrl: redis.url });
        await survives(system, redis.crash, redis.start);
      });

      it("freezes for 20 s", async () => {
        await using redis = await createRedis("with its data");
        await redis.start();
        await using system = await createSystem({ queueUrl: redis.url });
        await survives(system, redis.freeze, redis.thaw);
      });

      it("starts after the system", async () => {
        await using redis = await createRedis("empty");
        await using system = await createSystem({ queueUrl: redis.url });
        await survivesBoot(system, redis, 202);
      });
    });

  const linuxCases = () =>
    it("freezes for 20 s", async () => {
      await using postgres = await createPostgres();
      await using system = await createSystem({ databaseUrl: postgres.url });
      await survives(system, postgres.freeze, postgres.thaw);
    });

  // Only the cases for this run's broker are declared, so that no test is reported as skipped.
  if (inject("redisUrl")) redisCases();

  describe("the system recovers when PostgreSQL", () => {
    it("stops for 20 s", async () => {
      await using postgres = await createPostgres();
      await using system = await createSystem({ databaseUrl: postgres.url });
      await survives(system, postgres.stop, postgres.start);
    });

    it("may only be read for 20 s, and no connection stays from before", async () => {
      await using postgres = await createPostgres();
      await using system = await createSystem({ databaseUrl: postgres.url });
      await survives(system, postgres.refuseWrites, async () => {
        const sessions = `SELECT application_name, query FROM pg_stat_activity
          WHERE backend_type = 'client backend' AND backend_start < now() - interval '15 s'`;
        expect(await system.sql(sessions, [])).toEqual([]);
        expect((await fetch(`${system.apiUrl}/readyz`)).status).toBe(503);
        await postgres.acceptWrites();
      });
    });

    // Freezing the sessions of PostgreSQL needs /proc.
    if (process.platform === "linux") linuxCases();

    it("starts after the system", async () => {
      await using postgres = await createPostgres();
      await using system = await createSystem({ databaseUrl: postgres.url });
      await postgres.stop();
      await survivesBoot(system, postgres, 503);
    });
  });
});
