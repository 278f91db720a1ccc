import { Readable } from "node:stream";
import type { Worker } from "node:worker_threads";
import type { ReadRows, RenderReport, TableName, TaskRow } from "./content.ts";
import { MAX_AHEAD, type Order, type Reply } from "./pdf/messages.ts";
import { onThread } from "./pdf/threads.ts";

export const renderReport: RenderReport = (content, rows, { signal, progress }) => {
  const gone = new AbortController();
  const stop = AbortSignal.any([signal, gone.signal]);
  let wantMore = () => {};
  const pdf = new Readable({
    highWaterMark: MAX_AHEAD,
    read: () => wantMore(),
    destroy: (error, callback) => {
      gone.abort(error ?? new Error("The reader of the report has gone."));
      callback(error);
    },
  });
  const pages = onThread(stop, async (thread) => {
    const send = (order: Order) => thread.postMessage(order);
    wantMore = () => send({ kind: "more" });
    await using reader = readOnDemand(rows, stop);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const answer = (reply: Reply) => {
      if (reply.kind === "want")
        reader.next(reply.table).then((batch) => send({ kind: "rows", rows: batch }), reject);
      else if (reply.kind === "progress") progress(reply.done);
      else if (reply.kind === "end") resolve(reply.pages);
      else pdf.push(reply.chunk);
    };
    using _listening = listen(thread, stop, answer, reject);
    send({ kind: "start", content });
    return await promise.finally(() => (wantMore = () => {}));
  });
  pages.then(
    () => pdf.push(null),
    (error: unknown) =>
      pdf.destroy(error instanceof Error ? error : new Error("Rendering failed.", { cause: error })),
  );
  return { pdf, pages };
};

/** Calls `answer` for the thread's messages, and `fail` when it ends or the signal aborts, until disposed. */
const listen = (
  thread: Worker,
  signal: AbortSignal,
  answer: (reply: Reply) => void,
  fail: (error: unknown) => void,
): Disposable => {
  const exited = (code: number) => fail(new Error(`The thread that draws reports ended with code ${code}.`));
  const aborted = () => fail(signal.reason);
  thread.on("message", answer).on("error", fail).on("exit", exited);
  signal.addEventListener("abort", aborted);
  if (signal.aborted) aborted();
  return {
    [Symbol.dispose]: () => {
      thread.off("message", answer).off("error", fail).off("exit", exited);
      signal.removeEventListener("abort", aborted);
    },
  };
};

/** Reads one table at a time, a batch per call. The end of a table is undefined. */
const readOnDemand = (rows: ReadRows, signal: AbortSignal) => {
  let current: { table: TableName; batches: AsyncIterator<TaskRow[]> } | undefined;
  const close = async () => {
    const closing = current?.batches.return?.();
    current = undefined;
    // After an abort, the reader may be in a call that never ends. Its error is that of the abort.
    if (signal.aborted) closing?.catch(() => {});
    else await closing;
  };
  return {
    next: async (table: TableName): Promise<TaskRow[] | undefined> => {
      if (current?.table !== table) {
        await close();
        current = { table, batches: rows(table, signal)[Symbol.asyncIterator]() };
      }
      const { value, done } = await current.batches.next();
      return done ? undefined : value;
    },
    [Symbol.asyncDispose]: close,
  };
};
