import { parentPort } from "node:worker_threads";
import type { TableName, TaskRow } from "../content.ts";
import { drawReport } from "./report.ts";
import { MAX_WAITING, type Order, type Reply } from "./messages.ts";

// The program of a thread that draws reports, one after the other. An error ends it.

if (!parentPort) throw new Error("This is the program of a thread.");
const port = parentPort;

let sent = 0;
let taken = 0;
let onTaken = () => {};
let onRows: (rows: TaskRow[] | undefined) => void = () => {};

const reply = (message: Reply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

/** Resolves when the reader of the PDF has taken enough of it. */
const send = async (chunk: Uint8Array<ArrayBuffer>): Promise<void> => {
  sent += chunk.length;
  reply({ kind: "chunk", chunk }, [chunk.buffer]);
  while (sent - taken > MAX_WAITING) {
    const { promise, resolve } = Promise.withResolvers<void>();
    onTaken = resolve;
    await promise;
  }
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
  else if (order.kind === "taken") {
    taken = order.bytes;
    onTaken();
  } else {
    [sent, taken] = [0, 0];
    const progress = (done: number) => reply({ kind: "progress", done });
    void drawReport(order.content, { read, send, progress }).then((pages) => reply({ kind: "end", pages }));
  }
});
