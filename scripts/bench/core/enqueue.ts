import { v7 as uuidv7 } from "uuid";
import { createJobs, startRelay } from "../../../workers/core/index.ts";
import { ratioFigure, type Measurement } from "../findings.ts";
import { compete, perSecond } from "../rounds.ts";
import { median, ratios } from "../statistics.ts";
import { onFreshStores, silent, type Stores } from "./stores.ts";
import { trivial } from "./trivial-job.ts";

const CONCURRENCY = 32;
const WARM_UP_MS = 200;
const MS = 800;
const ROUNDS = { full: 5, quick: 2 };

type Work = (n: number) => Promise<unknown>;

/** How many users per second can be inserted, with and without a job each. */
export const measureEnqueue: Measurement = async (servers, extent) => {
  const rates = await compete(ROUNDS[extent], {
    insert: onFreshStores(servers, "postgres", (stores) => rate(insertInTransaction(stores))),
    withJob: onFreshStores(servers, "postgres", (stores) => rate(insertWithJob(stores, () => {}))),
    published: onFreshStores(servers, "postgres", ratePublished),
    publishedToRedis: onFreshStores(servers, "redis", ratePublished),
    autocommit: onFreshStores(servers, "postgres", (stores) => rate(insertAlone(stores))),
    plain: onFreshStores(servers, "redis", (stores) => rate(insertAndAdd(stores))),
  });

  const row = (label: string, values: number[]) => [
    label,
    Math.round(median(values)).toLocaleString("en-US"),
    ...[rates.insert, rates.autocommit].map((base) => median(ratios(values, base)).toFixed(2)),
  ];
  return {
    title: `Enqueue: users inserted per second, ${CONCURRENCY} at a time`,
    columns: ["", "per second", "to a", "to e"],
    rows: [
      row("a  user, in a transaction", rates.insert),
      row("b  user and job, in one transaction", rates.withJob),
      row("c  like b, while the relay publishes to PostgreSQL", rates.published),
      row("d  like b, while the relay publishes to Redis", rates.publishedToRedis),
      row("e  user, by a single statement", rates.autocommit),
      row("f  like e, then add() of BullMQ on Redis: not atomic", rates.plain),
    ],
    figures: [
      ratioFigure("enqueue_vs_insert", rates.withJob, rates.insert, 0.65),
      ratioFigure("enqueue_vs_autocommit", rates.withJob, rates.autocommit),
      { name: "enqueue_per_second", value: median(rates.withJob) },
    ],
  };
};

const user = () => ({ email: `${uuidv7()}@example.com`, name: "Ada", passwordHash: "x" });

const insertInTransaction =
  ({ database }: Stores): Work =>
  () =>
    database.jobs.transaction((tx) => tx.user.create({ data: user() }));

const insertAlone =
  ({ database }: Stores): Work =>
  () =>
    database.prisma.user.create({ data: user() });

const insertWithJob = ({ database }: Stores, nudge: () => void): Work => {
  const jobs = createJobs(database.jobs, nudge);
  return (n) =>
    jobs.transaction(async ({ tx, enqueue }) => {
      await tx.user.create({ data: user() });
      await enqueue(trivial, { n });
    });
};

/** What people do without a ledger: a crash in between loses the job. */
const insertAndAdd = ({ database, broker }: Stores): Work => {
  const queue = broker.queue(trivial.name);
  return async (n) => {
    await database.prisma.user.create({ data: user() });
    await queue.add(trivial.name, { n }, { removeOnComplete: true });
  };
};

/** The first moments open connections and prepare statements. */
const rate = async (work: Work): Promise<number> => {
  await perSecond(WARM_UP_MS, CONCURRENCY, work);
  return perSecond(MS, CONCURRENCY, work);
};

const ratePublished = async (stores: Stores): Promise<number> => {
  const relay = startRelay(stores.database.jobs.sql, stores.broker, silent);
  try {
    return await rate(insertWithJob(stores, relay.nudge));
  } finally {
    await relay.close();
  }
};
