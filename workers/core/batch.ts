import { setTimeout as sleep } from "node:timers/promises";
import { isTransient } from "./errors.ts";

const MOST = 100;

interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Runs a database statement until the database answers: every 100 ms to 2 s while it is away, until `signal` aborts.
 * What a run achieved must not be forgotten for a restart.
 */
export const retryWhileUnavailable = async <Result>(
  run: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> => {
  for (let pause = 100; ; pause = Math.min(2_000, pause * 2)) {
    try {
      return await run();
    } catch (error) {
      if (!isTransient(error) || signal.aborted) throw error;
      await sleep(pause, undefined, { signal });
    }
  }
};

/**
 * Gathers single calls into statements of up to 100 items: what arrives while one statement is under way shares the
 * next. Costs an idle caller nothing, and a busy one a fraction of the round trips. An item that the database refuses
 * fails alone.
 */
export const batched = <Item, Result>(
  run: (items: Item[]) => Promise<Result[]>,
  signal: AbortSignal,
): ((item: Item) => Promise<Result>) => {
  let waiting: Waiting<Item, Result>[] = [];
  let running = false;

  const settle = async (batch: Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await retryWhileUnavailable(() => run(batch.map(({ item }) => item)), signal);
      batch.forEach(({ resolve }, index) => resolve(results[index] as Result));
    } catch (error) {
      if (batch.length > 1 && !isTransient(error)) {
        for (const one of batch) await settle([one]);
      } else for (const { reject } of batch) reject(error);
    }
  };

  const drain = async (): Promise<void> => {
    running = true;
    // One turn of the event loop lets calls of the same moment share a statement.
    await new Promise(setImmediate);
    while (waiting.length > 0) await settle(waiting.splice(0, MOST));
    running = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!running) void drain();
    });
};
