import type { ReportContent, TableName, TaskRow } from "../content.ts";

/** To the thread. */
export type Order =
  | { kind: "start"; content: ReportContent }
  /** The next batch of the table asked for. Undefined after the last. */
  | { kind: "rows"; rows: TaskRow[] | undefined }
  /** The reader of the PDF wants more of it. */
  | { kind: "more" };

/** From the thread. */
export type Reply =
  | { kind: "want"; table: TableName }
  | { kind: "chunk"; chunk: Uint8Array<ArrayBuffer> }
  | { kind: "progress"; done: number }
  | { kind: "end"; pages: number };

/** Bytes of the PDF that the thread sends before it waits for the reader to want more. */
export const MAX_AHEAD = 256 * 1024;
