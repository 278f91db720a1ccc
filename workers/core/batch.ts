import { setTimeout as sleep } from "node:timers/promises";
import { isTransient } from "./errors.ts";

const MAX_ITEMS = 100;

interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Repeats a database statement until the database answers: after 100 ms, then less often, up to every 2 s, until
 * `signal` aborts. A restart of PostgreSQL must not lose what a run achieved.
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
 * Combines single calls into statements of up to 100 items: calls that arrive while a statement runs share the next
 * one. An item that the database refuses fails alone.
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
    // Calls of the same event loop turn share a statement.
    await new Promise(setImmediate);
    while (waiting.length > 0) await settle(waiting.splice(0, MAX_ITEMS));
    running = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!running) void drain();
    });
};
