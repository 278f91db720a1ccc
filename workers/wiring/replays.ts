import type { Database } from "../../infra/database.ts";
import { continueReplays } from "../../infra/admin/replays.ts";
import { startTask, type Log, type RunningTask } from "../core/index.ts";

/** Continues the replays that administrators have started: every 5 s, in one process. */
export const startReplays = ({ sql, transaction }: Database["jobs"], log: Log): RunningTask =>
  startTask(sql, log, {
    name: "replays",
    // A second less than the interval, so that the next look is not refused.
    lease: 4,
    work: async () => {
      const running = await sql(`SELECT FROM "JobReplay" WHERE state = 'RUNNING' LIMIT 1`, []);
      if (running.length > 0) await transaction((_tx, inTransaction) => continueReplays(inTransaction));
    },
  });
