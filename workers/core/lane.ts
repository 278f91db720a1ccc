import type { Broker } from "./broker.ts";
import { count } from "./counts.ts";
import { describeError } from "./errors.ts";
import type { Log } from "./log.ts";

/** Milliseconds between polls. */
const POLL = 250;

/** One of the relay's ways to the broker. */
interface Lane {
  kind: "single" | "batched";
  /** Resolves with whether more jobs may be due. */
  publishDue(): Promise<boolean>;
  /** How long to rest then, as a multiple of the time that `publishDue` took; at most until the next poll. */
  rest: number;
}

interface RunningLane {
  /** Polls now. */
  nudge(): void;
  /** Stops and resolves when nothing is in progress. */
  close(): Promise<void>;
}

/**
 * Starts a lane: it publishes what is due at each nudge and every 250 ms. While the broker or the database is
 * unavailable, it tries again every 250 ms.
 */
export const startLane = ({ kind, publishDue, rest }: Lane, broker: Broker, log: Log): RunningLane => {
  let wake = () => {};
  let closing = false;
  let nudged = false;
  let reachable = true;

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const poll = async (): Promise<boolean> => {
    try {
      if (!reachable) await broker.ping();
      const more = await publishDue();
      if (!reachable) log.info({ kind }, "relay: publishing again");
      reachable = true;
      return more;
    } catch (error) {
      count("unpublished", kind);
      if (reachable)
        log.warn({ kind, error: describeError(error) }, "relay: cannot publish, jobs wait in the ledger");
      reachable = false;
      return false;
    }
  };

  const run = async (): Promise<void> => {
    while (!closing) {
      nudged = false;
      const began = performance.now();
      const more = await poll();
      if (closing || (nudged && reachable)) continue;
      const ms = more ? Math.min(POLL, rest * (performance.now() - began)) : POLL;
      if (ms > 0) await pause(ms);
    }
  };

  const running = run();
  return {
    nudge: () => {
      nudged = true;
      if (reachable) wake();
    },
    close: () => {
      closing = true;
      wake();
      return running;
    },
  };
};
