import { channel } from "node:diagnostics_channel";

/** What core counts besides the ends of runs, which `Observe` receives. */
export interface Counted {
  /**
   * `inserted`: rows of new jobs, also those of transactions that roll back. `started`: runs. `published`: handed to
   * the broker by the relay. `unpublished`: polls of the relay that failed; `job` is its lane. `republished`: found
   * lost, and given back to the relay. `limited`: milliseconds by which runs have prolonged the pause of their queue.
   * `alerted`: pauses that only an operator can end.
   */
  event: "inserted" | "started" | "published" | "unpublished" | "republished" | "limited" | "alerted";
  job: string;
  count: number;
}

// A channel of Node's, so that counting needs no argument on the way to each statement, and costs nothing without a
// subscriber.
const counts = channel("jobs.counts");

export const count = (event: Counted["event"], job: string, n = 1): void => {
  if (counts.hasSubscribers && n > 0) counts.publish({ event, job, count: n } satisfies Counted);
};

/**
 * Calls `listener` with everything that core counts in this process, until the returned function is called. It must not
 * throw.
 */
export const onCount = (listener: (counted: Counted) => void): (() => void) => {
  const receive = (message: unknown) => listener(message as Counted);
  counts.subscribe(receive);
  return () => {
    counts.unsubscribe(receive);
  };
};
