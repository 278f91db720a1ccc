import { setTimeout as sleep } from "node:timers/promises";

/**
 * Looks every 50 ms, until the answer is neither false nor undefined, and resolves with it. What throws counts as no
 * answer yet, because what it asks may be away.
 * @throws Error that names what was waited for, after `within` ms
 */
export const until = async <Answer>(
  what: string,
  look: () => Answer | Promise<Answer>,
  within = 120_000,
): Promise<Exclude<Answer, false | undefined>> => {
  const deadline = Date.now() + within;
  for (let cause: unknown; Date.now() < deadline; await sleep(50)) {
    try {
      const answer = await look();
      if (answer !== false && answer !== undefined) return answer as Exclude<Answer, false | undefined>;
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
