import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** A second thread doubles the throughput on two cores. Each takes up to 150 MB. */
const MAX_THREADS = Math.min(2, availableParallelism());

/** Milliseconds. Starting a thread takes about 0.5 s of processor time, mostly to load pdfkit and the fonts. */
const IDLE = 10_000;

/** A report takes about 100 MB. A thread that exceeds the limit ends, and the process goes on. */
const resourceLimits = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 16 };

const idle: { thread: Worker; end: NodeJS.Timeout }[] = [];
const waiting: (() => void)[] = [];
let busy = 0;

/**
 * Lends a thread of the pool to `work`. Callers wait in order. A thread whose work failed is ended, not lent again.
 * @throws the signal's reason when it aborts before the work starts. After that, `work` must fail.
 */
export const onThread = async <Result>(
  signal: AbortSignal,
  work: (thread: Worker) => Promise<Result>,
): Promise<Result> => {
  signal.throwIfAborted();
  if (busy < MAX_THREADS) busy++;
  else await turn(signal);
  try {
    return await lend(take(), work);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else busy--;
  }
};

/** Resolves when the caller before has given its place to this one. */
const turn = async (signal: AbortSignal): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = () => {
    const at = waiting.indexOf(resolve);
    if (at < 0) return;
    waiting.splice(at, 1);
    reject(signal.reason);
  };
  waiting.push(resolve);
  signal.addEventListener("abort", leave);
  await promise.finally(() => signal.removeEventListener("abort", leave));
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

const take = (): Worker => {
  const kept = idle.pop();
  if (!kept) return new Worker(new URL("./thread.ts", import.meta.url), { resourceLimits });
  clearTimeout(kept.end);
  return kept.thread.removeAllListeners("error");
};

/** Keeps an idle thread for a while. It does not keep the process alive. */
const keep = (thread: Worker): void => {
  const end = setTimeout(() => {
    remove();
    void thread.terminate();
  }, IDLE).unref();
  const kept = { thread, end };
  const remove = () => void idle.splice(idle.indexOf(kept), 1);
  thread.once("error", () => {
    clearTimeout(end);
    remove();
  });
  thread.unref();
  idle.push(kept);
};
