/** The value that the given share (0 to 1) of all values does not exceed: the nearest rank. */
export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? NaN;

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
};

/** The ratio within each round: what slows a whole round cancels out. */
export const ratios = (values: readonly number[], bases: readonly number[]): number[] =>
  values.map((value, round) => value / (bases[round] ?? NaN));

/**
 * How far a figure could stray by chance: its 95 % interval over 500 random choices of `samples`, each with repetition.
 * Neighbours stay together in blocks, because a busy moment of the machine hits several of them.
 * Source: the block bootstrap, Künsch 1989, https://doi.org/10.1214/aos/1176347265
 */
export const chanceRange = <Sample>(
  samples: readonly Sample[],
  figure: (samples: readonly Sample[]) => number,
): [low: number, high: number] => {
  const blocks = Array.from({ length: Math.ceil(samples.length / BLOCK) }, (_, index) =>
    samples.slice(index * BLOCK, (index + 1) * BLOCK),
  );
  const choose = () => blocks.flatMap(() => blocks[Math.floor(Math.random() * blocks.length)] ?? []);
  const figures = Array.from({ length: 500 }, () => figure(choose()));
  return [percentile(figures, 0.025), percentile(figures, 0.975)];
};

const BLOCK = 10;
