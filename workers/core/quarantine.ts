import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds that a job waits in its queue's slot for its turn. */
const PATIENCE = 500;

/**
 * Runs the suspects of one queue one at a time. A job that was running when its process died may have killed it; run
 * together, jobs that are harmless would be counted as crashed with it again and again. Resolves with undefined when
 * the turn did not come within 500 ms, so that waiting suspects do not hold the queue's slots.
 */
export const createQuarantine = () => {
  const running = new Map<string, Promise<unknown>>();
  return async <Result>(queue: string, run: () => Promise<Result>): Promise<Result | undefined> => {
    const patience = sleep(PATIENCE, "over" as const);
    while (running.has(queue))
      if ((await Promise.race([running.get(queue), patience])) === "over") return undefined;
    const turn = run();
    const leave = () => void running.delete(queue);
    running.set(queue, turn.then(leave, leave));
    return turn;
  };
};
