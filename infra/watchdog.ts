import { url as inspectorUrl } from "node:inspector";
import { Worker } from "node:worker_threads";

/** Milliseconds between two signs of life. */
const BEAT = 500;

/** What the thread needs. */
export interface WatchdogData {
  /** One number, raised with each sign of life. */
  beats: Int32Array;
  /** Milliseconds without a sign of life. */
  after: number;
}

/**
 * Kills this process with SIGKILL when its event loop has been blocked for `after` ms, so that its supervisor starts
 * another one. A blocked process cannot end by itself, and holds its jobs and connections. A thread watches the event
 * loop; time in which the whole process stands still, as on a machine that sleeps, does not count. Does nothing under a
 * debugger, whose breakpoints block too.
 */
export const startWatchdog = (after: number): void => {
  if (inspectorUrl()) return;
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  setInterval(() => Atomics.add(beats, 0, 1), BEAT).unref();
  const workerData: WatchdogData = { beats, after };
  new Worker(new URL("watchdog-thread.ts", import.meta.url), { workerData, execArgv: [] }).unref();
};
