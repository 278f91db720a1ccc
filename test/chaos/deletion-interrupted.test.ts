import { afterAll, beforeAll, expect, it } from "vitest";
import { v7 as uuidv7 } from "uuid";
import { until } from "../../scripts/processes/until.ts";
import { prepareJob, type JobDefinition } from "../../workers/core/index.ts";
import type { Infrastructure } from "../../workers/wiring/infrastructure.ts";
import { wire } from "../../workers/wiring/account-delete.ts";
import { fillTables, foldersOf } from "../support/accounts/fill.ts";
import { findReferences, rowsReachedFrom } from "../support/accounts/references.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { tablesContent } from "../support/core/broker-content.ts";

type Insertion = ReturnType<typeof prepareJob>;

class InterruptedError extends Error {}

/** Counts the operations of the database and the storage, and throws instead of the last. */
class Countdown {
  used = 0;
  readonly #most: number;
  constructor(most: number) {
    this.#most = most;
  }
  next() {
    if (this.used++ >= this.#most) throw new InterruptedError("interrupted");
  }
}

/** A client whose every operation, also in transactions, may be the last. */
const interruptible = <Client extends object>(client: Client, countdown: Countdown): Client =>
  new Proxy(client, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value === "object" && value !== null) return interruptible(value, countdown);
      if (typeof value !== "function") return value;
      const call = value as (...all: unknown[]) => unknown;
      return (...args: unknown[]) => {
        const [work] = args;
        countdown.next();
        if (name !== "$transaction" || typeof work !== "function") return call.apply(target, args);
        return call.call(target, async (tx: object) => {
          const result: unknown = await work(interruptible(tx, countdown));
          countdown.next(); // just before the commit
          return result;
        });
      };
    },
  });

const stopping = (infrastructure: Infrastructure, countdown: Countdown): Infrastructure => {
  const { storage, prisma, config } = infrastructure;
  return {
    ...infrastructure,
    config: { ...config, purgeMaxStatements: 10_000, purgeMaxBatchMs: 60_000 },
    prisma: interruptible(prisma, countdown),
    storage: {
      ...storage,
      // Interrupted in the middle of a removal too.
      remove: async (keys) => {
        for (const key of keys) {
          countdown.next();
          await storage.remove([key]);
        }
        countdown.next();
      },
    },
  };
};

let app: TestApp;
let infrastructure: Infrastructure;
beforeAll(async () => {
  app = await createTestApp({ modules: [(opened) => void (infrastructure = opened)] });
});
afterAll(() => app[Symbol.asyncDispose]());

const addUser = async (email: string) => {
  const { prisma } = app.core.database;
  const data = { email, name: "Ada", passwordHash: "none", verifiedAt: new Date() };
  const { id: userId } = await prisma.user.create({ data });
  await fillTables(app, userId, uuidv7());
  const deletionId = uuidv7();
  await prisma.accountDeletion.create({
    data: { id: deletionId, userId, jobId: uuidv7(), dueAt: new Date() },
  });
  return { userId, deletionId, email };
};

/** Runs the job as a worker does, and interrupts it after some operations. Resolves with how many it took. */
const perform = async (deletionId: string, most = Infinity): Promise<number> => {
  const countdown = new Countdown(most);
  const worker = wire(stopping(infrastructure, countdown));
  const followUps: Insertion[] = [];
  await worker.handler(
    { deletionId },
    {
      ...{ id: uuidv7(), attempt: 1, signal: new AbortController().signal },
      progress: async () => {},
      enqueue: (job: JobDefinition, payload: unknown) => void followUps.push(prepareJob(job, payload)),
      enqueueFlow: () => {},
      children: async () => [],
      complete: (effect) =>
        app.core.database.jobs.transaction(async (tx, sql) => {
          const result = await effect(interruptible(tx, countdown));
          for (const insert of followUps) await insert(sql);
          countdown.next();
          return result;
        }),
    },
  );
  return countdown.used;
};

const receiptOf = async (deletionId: string) => {
  const where = { id: deletionId };
  const { counts, userId, removing, startedAt, finishedAt } =
    await app.core.database.prisma.accountDeletion.findUniqueOrThrow({ where });
  return { counts, userId, removing, isStarted: startedAt !== null, isFinished: finishedAt !== null };
};

const POINTS = 100;

it(
  "interrupted at any of 100 points, a deletion is continued to the same end",
  { timeout: 300_000 },
  async () => {
    const { sql } = app.core;
    const references = await findReferences(sql);
    const bystander = await addUser("bystander@example.com");
    const before = await rowsReachedFrom(sql, references, bystander.userId);

    const undisturbed = await addUser("undisturbed@example.com");
    const operations = await perform(undisturbed.deletionId);
    const expected = await receiptOf(undisturbed.deletionId);
    expect(expected).toMatchObject({ userId: null, removing: null, isStarted: true, isFinished: true });
    expect(operations).toBeGreaterThan(POINTS);

    const interruptAt = async (point: number) => {
      const user = await addUser(`user-${point}@example.com`);
      const folders = await foldersOf(app, user.userId);
      const at = Math.floor((point * operations) / POINTS);
      await expect(perform(user.deletionId, at), `point ${at}`).rejects.toThrow(InterruptedError);
      // Either it is as before, or closed: its address and its name are gone at once.
      const halfway = await app.core.database.prisma.user.findUniqueOrThrow({ where: { id: user.userId } });
      const isClosed = halfway.closedAt !== null;
      expect([halfway.name, halfway.email === user.email]).toEqual(isClosed ? ["", false] : ["Ada", true]);

      await perform(user.deletionId);
      expect(await receiptOf(user.deletionId), `point ${at}`).toEqual(expected);
      expect(await rowsReachedFrom(sql, references, user.userId)).toEqual({});
      for (const folder of folders)
        for await (const key of app.files.storage.list(folder)) throw new Error(`${key} is left`);
    };
    const points = Array.from({ length: POINTS }, (_, point) => point).values();
    const lane = async () => {
      for (const point of points) await interruptAt(point);
    };
    await Promise.all(Array.from({ length: 6 }, lane));
    expect(await rowsReachedFrom(sql, references, bystander.userId)).toEqual(before);
    // One goodbye for each.
    for (let point = 0; point < POINTS; point += 33) await app.mailTo(`user-${point}@example.com`);
    expect(await app.mailsTo("user-33@example.com")).toHaveLength(1);
    await until("no address is left", async () => {
      const content = await tablesContent(sql, "public");
      return !/user-\d+@example\.com/.test(content);
    });
  },
);
