/**
 * Lets every contestant run once per round, so that all share the machine's good and bad moments. Who comes first
 * changes from round to round, and a first round, in which code is compiled and caches fill, does not count.
 * Resolves with the result of each round; with none for a contestant that is absent.
 */
export const compete = async <Name extends string>(
  rounds: number,
  contestants: Readonly<Record<Name, (() => Promise<number>) | undefined>>,
): Promise<Record<Name, number[]>> => {
  const names = Object.keys(contestants) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const name of rotated(names, round)) {
      const result = await contestants[name]?.();
      if (result !== undefined && round > 0) results[name].push(result);
    }
  }
  return results;
};

const rotated = <Item>(items: readonly Item[], by: number): Item[] =>
  items.map((_, index) => items[(index + by) % items.length] as Item);

/** Calls `work` for so long, `concurrency` at a time, and resolves with how often that was per second. */
export const perSecond = async (
  ms: number,
  concurrency: number,
  work: (index: number) => Promise<unknown>,
): Promise<number> => {
  const began = performance.now();
  let calls = 0;
  const lane = async () => {
    while (performance.now() - began < ms) await work(calls++);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return (calls * 1_000) / (performance.now() - began);
};
