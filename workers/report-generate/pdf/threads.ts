import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** A second thread doubles the throughput on two cores. Each takes up to 150 MB. */
const MAX_THREADS = Math.min(2, availableParallelism());

/** Milliseconds. Starting a thread takes about 0.5 s of processor time, mostly to load pdfkit and the fonts. */
const IDLE = 10_000;

/** A report takes about 100 MB. A thread that exceeds the limit ends, and the process goes on. */
const resourceLimits = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 16 };

const idle: Worker[] = [];
const waiting: (() => void)[] = [];
let busy = 0;

/**
 * Lends a thread of the pool to `work`. Callers wait in order. A thread whose work failed is ended, not lent again.
 * @throws the signal's reason when it aborts before the work starts
 */
export const onThread = async <Result>(
  signal: AbortSignal,
  work: (thread: Worker) => Promise<Result>,
): Promise<Result> => {
  if (busy < MAX_THREADS) busy++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    signal.throwIfAborted();
    return await lend(take(), work);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else busy--;
  }
};

const lend = async <Result>(thread: Worker, work: (thread: Worker) => Promise<Result>): Promise<Result> => {
  thread.ref();
  try {
    const result = await work(thread);
    keep(thread);
    return result;
  } catch (error) {
    await thread.terminate();
    throw error;
  }
};

const take = (): Worker =>
  idle.pop()?.removeAllListeners("error") ??
  new Worker(new URL("./thread.ts", import.meta.url), { resourceLimits });

/** Keeps an idle thread for a while. It does not keep the process alive. */
const keep = (thread: Worker): void => {
  const remove = () => {
    const index = idle.indexOf(thread);
    if (index >= 0) idle.splice(index, 1);
    return index >= 0;
  };
  thread.once("error", remove);
  thread.unref();
  idle.push(thread);
  setTimeout(() => {
    if (remove()) void thread.terminate();
  }, IDLE).unref();
};
