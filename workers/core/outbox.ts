import { deliveries, UNHURRIED } from "./ledger.ts";
import type { Delivery, Sql } from "./ledger.ts";

/** Seconds: how long a relay may hold a job, and how long the sweep leaves a published one alone. */
const LEASE = 15;
const TRUST = 60;

/** Publish attempts after which a row that the broker refuses, though it takes others, is parked in the dead letter. */
const PUBLISH_TRIES = 10;

/** A job that the relay holds for a while and must hand to the broker. */
export interface DueJob extends Delivery {
  name: string;
  priority: number;
}

/** Takes due jobs for the length of a lease. Any number of relays may call it at once: none gets the same row. */
export const claimDue = (sql: Sql, most: number): Promise<DueJob[]> =>
  sql(
    `UPDATE "Job" SET "dueAt" = now() + interval '${LEASE} seconds' FROM ${UNHURRIED}
     WHERE id IN (SELECT id FROM "Job" WHERE state = 'PENDING' AND "dueAt" <= now()
                  ORDER BY "dueAt" LIMIT $1::int FOR UPDATE SKIP LOCKED)
     RETURNING id, epoch, name, priority`,
    [most],
  );

/** Records that the broker has these jobs. One that a worker finished already stays finished. */
export const markPublished = (sql: Sql, jobs: readonly Delivery[]): Promise<unknown> =>
  sql(
    `UPDATE "Job" j SET state = 'PUBLISHED', "publishedAt" = now(), "publishTries" = 0,
            "dueAt" = now() + interval '${TRUST} seconds'
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch), ${UNHURRIED}
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state = 'PENDING'`,
    deliveries(jobs),
  );

/** Gives claimed jobs back after the broker was out of reach. They are due again in a second. */
export const releaseClaims = (sql: Sql, jobs: readonly Delivery[]): Promise<unknown> =>
  sql(
    `UPDATE "Job" j SET "dueAt" = now() + interval '1 second'
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch)
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state = 'PENDING'`,
    deliveries(jobs),
  );

/** Records that the broker, though it takes others, refused this job; at the tenth time the job is parked as failed. */
export const refusePublish = (sql: Sql, job: Delivery, error: string): Promise<unknown> =>
  sql(
    `UPDATE "Job" SET "publishTries" = "publishTries" + 1, "dueAt" = now() + interval '1 second', error = $3,
            state = CASE WHEN "publishTries" + 1 >= ${PUBLISH_TRIES} THEN 'FAILED' ELSE state END,
            "finishedAt" = CASE WHEN "publishTries" + 1 >= ${PUBLISH_TRIES} THEN now() END
     WHERE id = $1::uuid AND epoch = $2::int AND state = 'PENDING'`,
    [job.id, job.epoch, error],
  );
