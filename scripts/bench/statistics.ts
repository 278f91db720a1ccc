/** The nearest-rank percentile: `share` is between 0 and 1. NaN without values. */
export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? NaN;

/** The mean of the two middle values if their number is even. NaN without values. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
};

/** The ratio within each round, so that the load during a round cancels out. */
export const ratios = (values: readonly number[], bases: readonly number[]): number[] =>
  values.map((value, round) => value / (bases[round] ?? NaN));

/**
 * The 95 % confidence interval of a figure, by the block bootstrap: 500 resamples of `samples` with replacement. Ten
 * consecutive samples form a block, because a busy moment of the machine affects several of them.
 * Source: Künsch 1989, https://doi.org/10.1214/aos/1176347265
 */
export const confidenceInterval = <Sample>(
  samples: readonly Sample[],
  figure: (samples: readonly Sample[]) => number,
): [low: number, high: number] => {
  const blocks = Array.from({ length: Math.ceil(samples.length / BLOCK) }, (_, index) =>
    samples.slice(index * BLOCK, (index + 1) * BLOCK),
  );
  const resample = () => blocks.flatMap(() => blocks[Math.floor(Math.random() * blocks.length)] ?? []);
  const figures = Array.from({ length: 500 }, () => figure(resample()));
  return [percentile(figures, 0.025), percentile(figures, 0.975)];
};

const BLOCK = 10;
