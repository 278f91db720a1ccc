import { setTimeout as sleep } from "node:timers/promises";

/**
 * Calls `look` every 50 ms until it returns neither false nor undefined, and resolves with the result. An error counts
 * as no result yet, because a server may be down.
 * @throws Error that names the condition, after `within` ms
 */
export const until = async <Result>(
  what: string,
  look: () => Result | Promise<Result>,
  within = 120_000,
): Promise<Exclude<Result, false | undefined>> => {
  const deadline = Date.now() + within;
  for (let cause: unknown; Date.now() < deadline; await sleep(50)) {
    try {
      const result = await look();
      if (result !== false && result !== undefined) return result as Exclude<Result, false | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() + 50 > deadline) {
      const seen = cause instanceof Error ? `, but ${cause.message}` : "";
      throw new Error(`not within ${within} ms: ${what}${seen}`, { cause });
    }
  }
  throw new Error(`not within ${within} ms: ${what}`);
};
