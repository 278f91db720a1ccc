import type { Broker } from "./broker.ts";
import { count } from "./counts.ts";
import { startTask, type RunningTask } from "./lead.ts";
import type { Database } from "./enqueue.ts";
import { otherBrokers, takeStranded } from "./ledger/brokers.ts";
import { advanceParent, finishedUnreported } from "./ledger/flow.ts";
import { advanceOrder, stoppedKeys } from "./ledger/order.ts";
import {
  BATCH,
  checkRunningSoon,
  publishAgain,
  publishedAfter,
  takeUnconfirmed,
  type PublishedJob,
  type RecoveredJob,
} from "./ledger/recovery.ts";
import { brokerIdOf, type Sql } from "./ledger/sql.ts";
import type { Log } from "./log.ts";
import type { Observe } from "./outcome.ts";
import { recordCrash } from "./run-span.ts";
import type { Tracing } from "./trace.ts";

/** The broker's states in which a job is running or will be delivered. */
const ALIVE = new Set(["waiting", "active", "delayed", "prioritized", "waiting-children"]);

/** Less than every id. */
const ZERO = "00000000-0000-0000-0000-000000000000";

interface Deps {
  sql: Sql;
  broker: Broker;
  log: Log;
  observe: Observe;
  tracing?: Tracing | undefined;
  nudge(): void;
}

/**
 * Starts the sweep: every 5 s, one process of each broker finds published jobs that the broker lost, or that lie in
 * another broker without workers, and gives them back to the relay.
 */
export const startSweep = ({ sql, broker, log, observe, tracing, nudge }: Deps): RunningTask => {
  const publishLost = async (jobs: PublishedJob[]): Promise<void> => {
    const states = await Promise.all(jobs.map((job) => broker.queue(job.name).getJobState(brokerIdOf(job))));
    const lost = jobs.filter((_job, index) => !ALIVE.has(states[index] ?? ""));
    if (lost.length === 0) return;
    reportAgain(await publishAgain(sql, lost), "sweep: the broker lost jobs, publishing them again");
  };

  const reportAgain = (again: RecoveredJob[], reason: string): void => {
    for (const recovered of again) {
      const { id, name: job, attempt, crashedAfter } = recovered;
      count("republished", job);
      if (crashedAfter === null) continue;
      if (tracing) recordCrash(tracing, job, recovered);
      observe({ job, id, attempt: attempt + 1, outcome: "crashed", kind: "crashed", runMs: crashedAfter });
    }
    log.warn({ jobs: again.length }, reason);
    nudge();
  };

  /** The broker is new or was emptied: checks every published job. Starts over if the broker is emptied again. */
  const recoverAll = async (signal: AbortSignal): Promise<void> => {
    await broker.marks.set("recovering");
    await checkRunningSoon(sql, broker.id);
    for (let last = ZERO; ;) {
      const jobs = await publishedAfter(sql, broker.id, last);
      await publishLost(jobs);
      if (jobs.length < BATCH || signal.aborted) break;
      last = jobs.at(-1)?.id ?? last;
    }
    if (!signal.aborted && (await broker.marks.isSet("recovering"))) await broker.marks.set("whole");
  };

  const recoverUnconfirmed = async (signal: AbortSignal): Promise<void> => {
    for (let full = true; full && !signal.aborted;) {
      const jobs = await takeUnconfirmed(sql, broker.id);
      await publishLost(jobs);
      full = jobs.length === BATCH;
    }
  };

  /** During a switch of the broker: other brokers whose workers have gone. */
  const recoverStranded = async (signal: AbortSignal): Promise<void> => {
    const others = await otherBrokers(sql, broker.id);
    for (let full = others.length > 0; full && !signal.aborted;) {
      const taken = await takeStranded(sql, broker.id, others);
      if (taken.length > 0)
        reportAgain(taken, "sweep: another broker has no workers, publishing its jobs here");
      full = taken.length === BATCH;
    }
  };

  return startTask(sql, log, {
    name: `sweep ${broker.id}`,
    lease: 4,
    work: async (signal) => {
      await broker.ping();
      if (!(await broker.marks.isSet("whole"))) await recoverAll(signal);
      await recoverUnconfirmed(signal);
      await recoverStranded(signal);
    },
  });
};

/**
 * Starts the check of waiting jobs: every minute, one process advances parents whose children the relay failed, and
 * ordering keys whose current job did.
 */
export const startWaitingCheck = <Tx>({ sql, transaction }: Database<Tx>, log: Log): RunningTask =>
  startTask(sql, log, {
    name: "flow-check",
    lease: 60,
    work: async () => {
      for (const { id } of await finishedUnreported(sql)) await advanceParent(sql, id);
      for (const { name, orderKey } of await stoppedKeys(sql))
        await transaction((_tx, inTransaction) => advanceOrder(inTransaction, name, orderKey));
    },
  });
