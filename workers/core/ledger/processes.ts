import type { WorkerAbout } from "../tally.ts";
import { toJson, type Sql } from "./sql.ts";

/** A worker process, as others see it. */
export interface Presence {
  id: string;
  /** The broker from which it takes jobs, and of which queues. */
  broker: string;
  queues: readonly string[];
  about: WorkerAbout;
}

/** Records that a worker process is alive, and what it does. */
export const beat = (sql: Sql, { id, broker, queues, about }: Presence): Promise<unknown> =>
  sql(
    `INSERT INTO "JobWorker" (id, broker, queues, about) VALUES ($1, $2, $3::text[], $4::jsonb)
     ON CONFLICT (id) DO UPDATE SET "seenAt" = now(), queues = excluded.queues, about = excluded.about`,
    [id, broker, queues, toJson(about)],
  );

/** Forgets a worker process that ends. */
export const removeWorker = (sql: Sql, worker: string): Promise<unknown> =>
  sql(`DELETE FROM "JobWorker" WHERE id = $1`, [worker]);

/** Forgets worker processes that died without saying so. */
export const removeDeadWorkers = (sql: Sql): Promise<unknown> =>
  sql(`DELETE FROM "JobWorker" WHERE "seenAt" < now() - interval '1 hour'`, []);

/** Takes the lease of a task for `seconds`. Resolves with whether this process has it. */
export const takeLease = async (sql: Sql, task: string, seconds: number): Promise<boolean> => {
  const rows = await sql(
    `INSERT INTO "JobLease" (name, until) VALUES ($1, now() + $2::int * interval '1 second')
     ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE "JobLease".until <= now()
     RETURNING name`,
    [task, seconds],
  );
  return rows.length > 0;
};
