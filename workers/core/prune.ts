import { startTask, type RunningTask } from "./lead.ts";
import { pruneBatches } from "./ledger/batches.ts";
import { removeUnusedBrokers } from "./ledger/brokers.ts";
import { removeDeadWorkers } from "./ledger/processes.ts";
import { pruneFailed, pruneFinished } from "./ledger/prune.ts";
import type { Sql } from "./ledger/sql.ts";
import type { Log } from "./log.ts";

/** Starts pruning: every minute, one process deletes old finished jobs in batches. */
export const startPrune = (sql: Sql, log: Log): RunningTask =>
  startTask(sql, log, {
    name: "prune",
    lease: 60,
    work: async (signal) => {
      await pruneBatches(sql);
      while (!signal.aborted && (await pruneFinished(sql)));
      while (!signal.aborted && (await pruneFailed(sql)));
      await removeDeadWorkers(sql);
      await removeUnusedBrokers(sql);
    },
  });
