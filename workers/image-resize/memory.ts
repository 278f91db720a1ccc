/** Bytes that all decoders of a process may use at a time: what the largest image within `limits.ts` needs. */
const BUDGET = 800e6;

interface Waiting {
  bytes: number;
  start: () => void;
}

const waiting: Waiting[] = [];
let used = 0;

/**
 * Runs work when this much memory is free, in the order of the calls: large images are decoded one at a time, small
 * ones together.
 * @throws the signal's reason when it aborts before the work starts
 */
export const withMemory = async <Result>(
  bytes: number,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> => {
  await new Promise<void>((start) => {
    waiting.push({ bytes, start });
    startNext();
  });
  try {
    signal.throwIfAborted();
    return await work();
  } finally {
    used -= bytes;
    startNext();
  }
};

/** An image that needs more than the budget starts alone. */
const startNext = () => {
  for (let next = waiting[0]; next && (used === 0 || used + next.bytes <= BUDGET); next = waiting[0]) {
    waiting.shift();
    used += next.bytes;
    next.start();
  }
};
