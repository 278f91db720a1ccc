import { parentPort } from "node:worker_threads";
import type { TableName, TaskRow } from "../content.ts";
import { drawReport } from "./report.ts";
import { MAX_AHEAD, type Order, type Reply } from "./messages.ts";

// The program of a thread that draws reports, one after the other. An error ends it.

if (!parentPort) throw new Error("This is the program of a thread.");
const port = parentPort;

let ahead = 0;
let onMore = () => {};
let onRows: (rows: TaskRow[] | undefined) => void = () => {};

const reply = (message: Reply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

/** Waits until the reader of the PDF wants more, if it has enough. */
const send = async (chunk: Uint8Array<ArrayBuffer>): Promise<void> => {
  ahead += chunk.length;
  reply({ kind: "chunk", chunk }, [chunk.buffer]);
  if (ahead <= MAX_AHEAD) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  onMore = resolve;
  await promise;
};

async function* read(table: TableName): AsyncGenerator<TaskRow[]> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<TaskRow[] | undefined>();
    onRows = resolve;
    reply({ kind: "want", table });
    const rows = await promise;
    if (!rows) return;
    yield rows;
  }
}

port.on("message", (order: Order) => {
  if (order.kind === "rows") onRows(order.rows);
  else if (order.kind === "more") {
    ahead = 0;
    onMore();
  } else {
    ahead = 0;
    const progress = (done: number) => reply({ kind: "progress", done });
    void drawReport(order.content, { read, send, progress }).then((pages) => reply({ kind: "end", pages }));
  }
});
