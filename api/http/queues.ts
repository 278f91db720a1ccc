import { allJobs } from "../http/all-jobs.ts";

/** What the contract of each queue says. */
export const queues = allJobs.map(
  ({ name, attempts, crashes, concurrency, timeout, rateLimit, backoff }) => ({
    ...{ name, attempts, crashes, concurrency, timeout, backoff },
    rateLimit: rateLimit ?? null,
  }),
);
