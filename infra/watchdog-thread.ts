import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { WatchdogData } from "./watchdog.ts";

/** Milliseconds between two looks. */
const LOOK = 500;

const { beats, after } = workerData as WatchdogData;
let last = -1;
let looks = 0;

setInterval(() => {
  const beat = Atomics.load(beats, 0);
  // In looks of its own, because this thread stands still whenever the whole process does.
  looks = beat === last ? looks + 1 : 0;
  last = beat;
  if (looks * LOOK < after) return;
  const line = {
    level: "fatal",
    time: Date.now(),
    ms: after,
    msg: "the event loop is blocked: killing the process",
  };
  // The main thread could not print it.
  writeSync(2, `${JSON.stringify(line)}\n`);
  process.kill(process.pid, "SIGKILL");
}, LOOK);
