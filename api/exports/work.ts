import { sqlOf, type Tx } from "../../infra/database.ts";
import { accountExport } from "../../workers/account-export/job.ts";
import { findJobsOfRecords } from "../../workers/core/index.ts";

/** Why an export failed whose job is in the dead letter. */
export const UNEXPECTED =
  "This export could not be made because of an error on our side. The error has been logged.";

const ENDED = new Set(["COMPLETED", "FAILED", "CANCELLED"]);

/** How far the job of each export is, from 0 to 1. An export is missing if no job can finish it: its job has failed. */
export const progressOf = async (tx: Tx, ids: readonly string[]): Promise<Map<string, number>> => {
  if (ids.length === 0) return new Map();
  const jobs = await findJobsOfRecords(sqlOf(tx), "exportId", ids);
  return new Map(
    jobs
      .filter(({ name, state }) => name === accountExport.name && !ENDED.has(state))
      .map(({ recordId, progress }) => [recordId, typeof progress === "number" ? progress : 0]),
  );
};
