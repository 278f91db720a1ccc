import type { Broker } from "./broker.ts";
import { describeError } from "./errors.ts";
import { advanceParent } from "./flow.ts";
import { brokerIdOf, HAS_OPEN_CHILDREN, RUNNING, WITH_CRASH } from "./ledger.ts";
import type { Delivery, Sql } from "./ledger.ts";
import type { Log } from "./log.ts";

/** Milliseconds between sweeps. */
const EVERY = 5_000;

/** Rows per statement, and days that finished jobs stay in the ledger. */
const BATCH = 1_000;
const KEEP = { completed: 7, failed: 30 };

/** The broker's states in which a job will still be delivered, or is being worked on. */
const ALIVE = new Set(["waiting", "active", "delayed", "prioritized", "waiting-children"]);

export interface Sweep {
  /** Stops sweeping and resolves when nothing is under way. */
  close(): Promise<void>;
}

interface PublishedJob extends Delivery {
  name: string;
}

/** Takes a task for `seconds`: resolves with whether this process is the one to do it. */
const lead = async (sql: Sql, name: string, seconds: number): Promise<boolean> => {
  const rows = await sql(
    `INSERT INTO "JobLease" (name, until) VALUES ($1, now() + $2::int * interval '1 second')
     ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE "JobLease".until <= now()
     RETURNING name`,
    [name, seconds],
  );
  return rows.length > 0;
};

/** Published jobs whose turn it is to be asked about; the older the job, the longer until it is asked about again. */
const takeUnconfirmed = (sql: Sql): Promise<PublishedJob[]> =>
  sql(
    `UPDATE "Job" j SET "dueAt" = now() + greatest(interval '60 seconds', least(now() - j."publishedAt", interval '1 hour'))
     WHERE id IN (SELECT id FROM "Job" j WHERE state = 'PUBLISHED' AND "dueAt" <= now() AND NOT ${RUNNING}
                  ORDER BY "dueAt" LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
     RETURNING id, epoch, name`,
    [],
  );

const publishedAfter = (sql: Sql, id: string): Promise<PublishedJob[]> =>
  sql(
    `SELECT id, epoch, name FROM "Job" j WHERE state = 'PUBLISHED' AND id > $1::uuid AND NOT ${RUNNING}
     ORDER BY id LIMIT ${BATCH}`,
    [id],
  );

// Their workers may die before they finish, and the emptied broker would not know.
const doubtRunning = (sql: Sql): Promise<unknown> =>
  sql(`UPDATE "Job" SET "dueAt" = now() WHERE state = 'PUBLISHED' AND "startedAt" IS NOT NULL`, []);

const publishAgain = (sql: Sql, jobs: readonly Delivery[]): Promise<{ id: string }[]> =>
  sql(
    `UPDATE "Job" j SET state = 'PENDING', epoch = j.epoch + 1, "dueAt" = now(),
            crashes = j.crashes + CASE WHEN j."startedAt" IS NULL THEN 0 ELSE 1 END,
            history = CASE WHEN j."startedAt" IS NULL THEN j.history ELSE ${WITH_CRASH} END,
            "startedAt" = NULL, "startedBy" = NULL
     FROM unnest($1::uuid[], $2::int[]) t (id, epoch)
     WHERE j.id = t.id AND j.epoch = t.epoch AND j.state = 'PUBLISHED' AND NOT ${RUNNING}
     RETURNING j.id`,
    [jobs.map(({ id }) => id), jobs.map(({ epoch }) => epoch)],
  );

// A UUIDv7 opens with its time in milliseconds, so the primary key finds old rows without an index of their own.
const uuidOfDaysAgo = (days: number): string => `(lpad(to_hex(
  (extract(epoch FROM now() - interval '${days} days') * 1000)::int8), 12, '0') || repeat('0', 20))::uuid`;

const prune = (sql: Sql, which: string, days: number): Promise<unknown[]> =>
  sql(
    `DELETE FROM "Job" WHERE id IN (
       SELECT id FROM "Job" j WHERE id < ${uuidOfDaysAgo(days)} AND ${which}
         AND "finishedAt" < now() - interval '${days} days' ORDER BY id LIMIT ${BATCH})
     RETURNING id`,
    [],
  );

// A parent reads what its children returned, so they go when the whole flow is over, with its root.
const OVER = `state IN ('COMPLETED', 'CANCELLED') AND "parentId" IS NULL AND ("rootId" IS NULL OR NOT EXISTS (
  SELECT FROM "Job" c WHERE c."rootId" = j.id AND c.state NOT IN ('COMPLETED', 'CANCELLED')))`;

// With a parent go its children, some of which may have outlived it.
const FAILED_AND_OVER = `state = 'FAILED' AND NOT EXISTS (
  SELECT FROM "Job" c WHERE c."rootId" = j."rootId" AND c.state IN ('WAITING', 'PENDING', 'PUBLISHED'))`;

// Children tell their parents in the transaction in which they end, but for those that the relay parked.
const endedUnreported = (sql: Sql): Promise<{ id: string }[]> =>
  sql(
    `SELECT c.id FROM "Job" j JOIN "Job" c ON c."parentId" = j.id
     WHERE j.state = 'WAITING' AND (NOT ${HAS_OPEN_CHILDREN} OR c.state = 'FAILED' AND c."onFailure" = 'fail-parent')`,
    [],
  );

/**
 * Starts the sweep: it finds published jobs that the broker lost, gives them back to the relay, and prunes finished
 * rows. One process at a time does it; the others stand by.
 */
export const startSweep = (sql: Sql, broker: Broker, log: Log, nudge: () => void): Sweep => {
  let closing = false;

  const askAbout = async (jobs: PublishedJob[]): Promise<void> => {
    const lost: PublishedJob[] = [];
    await Promise.all(
      jobs.map(async (job) => {
        const state = await broker.queue(job.name).getJobState(brokerIdOf(job));
        if (!ALIVE.has(state)) lost.push(job);
      }),
    );
    if (lost.length === 0) return;
    const again = await publishAgain(sql, lost);
    log.warn({ jobs: again.length }, "sweep: the broker lost jobs, publishing them again");
    nudge();
  };

  /** The broker is new, or was emptied: asks about every published job. Begins anew if it is emptied meanwhile. */
  const recoverAll = async (): Promise<void> => {
    await broker.sentinel.set("recovering");
    await doubtRunning(sql);
    for (let last = "00000000-0000-0000-0000-000000000000"; ;) {
      const jobs = await publishedAfter(sql, last);
      await askAbout(jobs);
      if (jobs.length < BATCH || closing) break;
      last = jobs.at(-1)?.id ?? last;
    }
    if (!closing && (await broker.sentinel.isSet("recovering"))) await broker.sentinel.set("whole");
  };

  const recover = async (): Promise<void> => {
    await broker.ping();
    if (!(await broker.sentinel.isSet("whole"))) await recoverAll();
    for (let full = true; full && !closing;) {
      const jobs = await takeUnconfirmed(sql);
      await askAbout(jobs);
      full = jobs.length === BATCH;
    }
  };

  const clean = async (): Promise<void> => {
    for (const { id } of await endedUnreported(sql)) await advanceParent(sql, id);
    while (!closing && (await prune(sql, OVER, KEEP.completed)).length === BATCH);
    while (!closing && (await prune(sql, FAILED_AND_OVER, KEEP.failed)).length === BATCH);
    await sql(`DELETE FROM "JobWorker" WHERE "seenAt" < now() - interval '1 hour'`, []);
  };

  const round = async (): Promise<void> => {
    try {
      if (await lead(sql, "sweep", EVERY / 1_000 - 1)) await recover();
      if (await lead(sql, "prune", 60)) await clean();
    } catch (error) {
      log.warn({ error: describeError(error) }, "sweep: stopped half-way, trying again");
    }
  };

  let running = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    running = round().finally(() => (busy = false));
  }, EVERY);

  return {
    close: () => {
      closing = true;
      clearInterval(timer);
      return running;
    },
  };
};
