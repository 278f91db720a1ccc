import type { ReportContent, TableName, TaskRow } from "../content.ts";

/** To the thread. */
export type Order =
  | { kind: "start"; content: ReportContent }
  /** The next batch of the table asked for. Undefined after the last. */
  | { kind: "rows"; rows: TaskRow[] | undefined }
  /** The number of bytes that the reader of the PDF has taken so far. */
  | { kind: "taken"; bytes: number };

/** From the thread. */
export type Reply =
  | { kind: "want"; table: TableName }
  | { kind: "chunk"; chunk: Uint8Array<ArrayBuffer> }
  | { kind: "progress"; done: number }
  | { kind: "end"; pages: number };

/** Bytes of the PDF that wait for its reader before the thread pauses. */
export const MAX_WAITING = 256 * 1024;
