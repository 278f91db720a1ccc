/**
 * Runs every candidate once per round, so that the load of the machine affects all of them. The order rotates from
 * round to round. An additional first round, in which code is compiled and caches are filled, is discarded.
 * Resolves with the results of each candidate, one per round. They are empty for an undefined candidate.
 */
export const runRounds = async <Name extends string>(
  rounds: number,
  candidates: Readonly<Record<Name, (() => Promise<number>) | undefined>>,
): Promise<Record<Name, number[]>> => {
  const names = Object.keys(candidates) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const name of rotated(names, round)) {
      const result = await candidates[name]?.();
      if (result !== undefined && round > 0) results[name].push(result);
    }
  }
  return results;
};

const rotated = <Item>(items: readonly Item[], by: number): Item[] =>
  items.map((_, index) => items[(index + by) % items.length] as Item);

/** Calls `work` for `ms` milliseconds, `concurrency` calls at a time. Resolves with calls per second. */
export const perSecond = async (
  ms: number,
  concurrency: number,
  work: (index: number) => Promise<unknown>,
): Promise<number> => {
  const startedAt = performance.now();
  let calls = 0;
  const lane = async () => {
    while (performance.now() - startedAt < ms) await work(calls++);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return (calls * 1_000) / (performance.now() - startedAt);
};
