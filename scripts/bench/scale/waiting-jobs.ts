import { setTimeout as sleep } from "node:timers/promises";
import { createJobs, startRelay, type Sql } from "../../../workers/core/index.ts";
import { silent, type Stores } from "../core/stores.ts";
import { trivial } from "../core/trivial-job.ts";

/** Jobs per transaction. */
const CHUNK = 1_000;

/** Inserts jobs that no relay has published. */
export const insertWaiting = async ({ database }: Pick<Stores, "database">, count: number): Promise<void> => {
  const jobs = createJobs(database.jobs, () => {});
  for (let done = 0; done < count; done += CHUNK)
    await jobs.transaction(({ enqueueMany }) =>
      enqueueMany(
        trivial,
        Array.from({ length: CHUNK }, (_, index) => ({ payload: { n: done + index } })),
      ),
    );
};

/** Inserts jobs and publishes them. */
export const publishWaiting = async (stores: Stores, count: number): Promise<void> => {
  await insertWaiting(stores, count);
  const { sql } = stores.database.jobs;
  const relay = startRelay(sql, stores.broker, silent);
  await untilPublished(sql);
  await relay.close();
};

/** Resolves when no job waits for a relay. */
export const untilPublished = async (sql: Sql): Promise<void> => {
  const waiting = () => sql(`SELECT FROM "Job" WHERE state = 'PENDING' LIMIT 1`, []);
  while ((await waiting()).length > 0) await sleep(10);
};
