/**
 * sharp works on libuv's threads, where Node also reads files and looks up names: one of them is left for that. libuv has
 * four where UV_THREADPOOL_SIZE does not say otherwise.
 */
const threads = Math.max(1, Number(process.env["UV_THREADPOOL_SIZE"] ?? 4) - 1);

const waiting: (() => void)[] = [];
let busy = 0;

/**
 * Begins the work when a thread is free, in the order of the calls, whichever job they belong to.
 * @throws the signal's reason when it aborts before
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
