/**
 * sharp uses libuv's threads, which Node also needs to read files and resolve names: one is left for that. The size of
 * the pool is UV_THREADPOOL_SIZE, by default 4.
 */
const threads = Math.max(1, Number(process.env["UV_THREADPOOL_SIZE"] ?? 4) - 1);

const waiting: (() => void)[] = [];
let busy = 0;

/**
 * Runs work when a thread is free. All jobs share one first-in, first-out queue.
 * @throws the signal's reason when it aborts before the work starts
 */
export const onThread = async <Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> => {
  if (busy < threads) busy++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    signal.throwIfAborted();
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else busy--;
  }
};
