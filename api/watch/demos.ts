import { randomUUID } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import type { z } from "zod";
import { hashPassword } from "../../infra/passwords.ts";
import type { Tx } from "../../infra/database.ts";
import type { Enqueue, Jobs } from "../../workers/core/index.ts";
import { demoTask } from "../../workers/demo-task/job.ts";
import { type AddPart, steadily } from "./loads.ts";

/** Sign-ups per transaction of a flood. */
const CHUNK = 50;

/** Milliseconds that each task of an ordering key takes, so that one can see them one after the other. */
const ORDERED_TASK = 500;

/** Writes a sign-up and its mail in a transaction, as the public route does. Resolves with the id of the mail's job. */
export type SignUp = (
  scope: { tx: Tx; enqueue: Enqueue },
  user: { email: string; name: string; passwordHash: string; shownEmail: null },
) => Promise<string>;

interface DemoDeps {
  readonly jobs: Jobs<Tx>;
  readonly signUp: SignUp;
}

/** What the live page enqueues to show a concept. The ids are those of the jobs. */
export interface Demos {
  /** A job that kills its worker at each attempt. */
  poison(): Promise<string>;
  /** Sign-ups, whose mails are limited to so many a second. */
  limited(count: number): Promise<string[]>;
  /** Tasks of one ordering key, in one transaction. */
  ordered(count: number): Promise<string[]>;
  /** Tasks in one batch. Resolves with the id of the batch. */
  batch(count: number): Promise<string>;
  /** One task, enqueued twice with one idempotency key. */
  twice(): Promise<string[]>;
  /** Parts of a flood of sign-ups. */
  flood(): AddPart;
  /** Parts of a rain of tasks that do nothing. */
  rain(perSecond: number): AddPart;
}

export const createDemos = ({ jobs, signUp }: DemoDeps): Demos => {
  const signUpMany = async (count: number, people: People): Promise<string[]> => {
    const passwordHash = await people.passwordHash;
    return jobs.transaction(async ({ tx, enqueue }) => {
      const ids: string[] = [];
      for (let made = 0; made < count; made++)
        ids.push(await signUp({ tx, enqueue }, { ...people.next(), passwordHash, shownEmail: null }));
      return ids;
    });
  };
  const enqueueTasks = (tasks: readonly Task[]) =>
    jobs.transaction(async ({ enqueue }) => {
      const ids: string[] = [];
      for (const task of tasks) ids.push(await enqueue(demoTask, task));
      return ids;
    });

  return {
    poison: () => jobs.transaction(({ enqueue }) => enqueue(demoTask, { work: "crash" })),
    limited: (count) => signUpMany(count, inventPeople()),
    ordered: (count) => {
      const orderKey = randomUUID();
      const numbers = Array.from({ length: count }, (_, index) => index + 1);
      return enqueueTasks(numbers.map((number) => ({ work: "sleep", ms: ORDERED_TASK, orderKey, number })));
    },
    batch: async (count) => {
      const id = uuidv7();
      const items = Array<typeof SHORT>(count).fill(SHORT);
      await jobs.transaction(({ enqueueMany }) =>
        enqueueMany(demoTask, items, { batch: { id, name: demoTask.name }, priority: LOW_PRIORITY }),
      );
      return id;
    },
    twice: () => {
      const idempotencyKey = randomUUID();
      return enqueueTasks([1, 2].map((number) => ({ work: "sleep", ms: 1_000, idempotencyKey, number })));
    },
    flood: () => {
      const people = inventPeople();
      return async (rest) => (await signUpMany(Math.min(CHUNK, rest), people)).length;
    },
    rain: (perSecond) =>
      steadily(perSecond, (count) =>
        jobs.transaction(({ enqueueMany }) =>
          enqueueMany(demoTask, Array<typeof NOTHING>(count).fill(NOTHING)),
        ),
      ),
  };
};

/** Behind tasks of no batch, as the dispatcher puts what users have scheduled. */
const LOW_PRIORITY = 10;

const SHORT = { payload: { work: "sleep", ms: 400 } } as const;
const NOTHING = { payload: { work: "nothing" } } as const;

type Task = z.input<typeof demoTask.payload>;

interface People {
  /** Of one random password, which is hashed once: a hash takes longer than the rest of a sign-up. */
  readonly passwordHash: Promise<string>;
  /** A new address, at a domain that only the sandbox receives mails for. */
  next(): { email: string; name: string };
}

const inventPeople = (): People => {
  const group = randomUUID().slice(0, 8);
  let number = 0;
  return {
    passwordHash: hashPassword(randomUUID()),
    next: () => {
      number++;
      return { email: `person-${number}.${group}@flood.example`, name: `Person ${number}` };
    },
  };
};
