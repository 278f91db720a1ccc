import type { Sql } from "../../workers/core/index.ts";
import { UNKNOWN } from "./filter.ts";

/** Jobs in the dead letter that failed within one step of time, of one queue and one kind of error. */
export interface Failures {
  at: Date;
  name: string;
  kind: string;
  count: number;
}

/**
 * Counts the jobs in the dead letter that failed since a time, in steps of so many minutes. The index of failed jobs
 * has everything that it reads, so its cost depends on their number, not on the size of the ledger.
 */
export const countFailures = (sql: Sql, { since, minutes }: { since: Date; minutes: number }) =>
  sql<Failures>(
    `SELECT date_bin($2::int * interval '1 minute', "finishedAt", $1::timestamptz) AS at, name,
            coalesce("errorKind", '${UNKNOWN}') AS kind, count(*)::int AS count
     FROM "Job" WHERE state = 'FAILED' AND "finishedAt" >= $1::timestamptz GROUP BY 1, 2, 3 ORDER BY 1`,
    [since, minutes],
  );
