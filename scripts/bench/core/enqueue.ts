import { v7 as uuidv7 } from "uuid";
import { createJobs, startRelay } from "../../../workers/core/index.ts";
import { ratioFigure, type Measurement } from "../findings.ts";
import { perSecond, runRounds } from "../rounds.ts";
import { median, ratios } from "../statistics.ts";
import { onFreshStores, silent, type Stores } from "./stores.ts";
import { trivial } from "./trivial-job.ts";

const CONCURRENCY = 32;
const WARM_UP_MS = 200;
const MS = 800;
const ROUNDS = { full: 5, quick: 2 };

type Work = (n: number) => Promise<unknown>;

/** Compares the rate of inserted users with and without a job for each user. */
export const measureEnqueue: Measurement = async (servers, extent) => {
  const rates = await runRounds(ROUNDS[extent], {
    insert: onFreshStores(servers, "postgres", (stores) => rate(insertInTransaction(stores))),
    withJob: onFreshStores(servers, "postgres", (stores) => rate(insertWithJob(stores, () => {}))),
    withRelay: onFreshStores(servers, "postgres", rateWithRelay),
    withRelayToRedis: onFreshStores(servers, "redis", rateWithRelay),
    autocommit: onFreshStores(servers, "postgres", (stores) => rate(insertAlone(stores))),
    bullmq: onFreshStores(servers, "redis", (stores) => rate(insertAndAdd(stores))),
  });

  const row = (label: string, values: number[]) => [
    label,
    Math.round(median(values)).toLocaleString("en-US"),
    ...[rates.insert, rates.autocommit].map((base) => median(ratios(values, base)).toFixed(2)),
  ];
  return {
    title: `Enqueue: users inserted per second, ${CONCURRENCY} at a time`,
    columns: ["", "per second", "ratio to a", "ratio to e"],
    rows: [
      row("a  user, in a transaction", rates.insert),
      row("b  user and job, in one transaction", rates.withJob),
      row("c  like b, while the relay publishes to PostgreSQL", rates.withRelay),
      row("d  like b, while the relay publishes to Redis", rates.withRelayToRedis),
      row("e  user, in a single statement", rates.autocommit),
      row("f  like e, then add() of BullMQ on Redis, not atomic", rates.bullmq),
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

/** The common approach without a ledger. A crash between the two steps loses the job. */
const insertAndAdd = ({ database, broker }: Stores): Work => {
  const queue = broker.queue(trivial.name);
  return async (n) => {
    await database.prisma.user.create({ data: user() });
    await queue.add(trivial.name, { n }, { removeOnComplete: true });
  };
};

/** Calls per second. The warm-up, in which connections are opened and statements prepared, is not counted. */
const rate = async (work: Work): Promise<number> => {
  await perSecond(WARM_UP_MS, CONCURRENCY, work);
  return perSecond(MS, CONCURRENCY, work);
};

const rateWithRelay = async (stores: Stores): Promise<number> => {
  const relay = startRelay(stores.database.jobs.sql, stores.broker, silent);
  try {
    return await rate(insertWithJob(stores, relay.nudge));
  } finally {
    await relay.close();
  }
};
