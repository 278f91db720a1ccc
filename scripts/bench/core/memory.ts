import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Measurement } from "../findings.ts";
import { startSystem } from "./system.ts";

const SETTLE_MS = 10_000;

/** Measures the resident memory of an idle API process and an idle worker process. */
export const measureMemory: Measurement = async (servers) => {
  await using system = await startSystem(servers, "off");
  await sleep(SETTLE_MS);
  const api = await residentMegabytes(system.api.pid);
  const worker = await residentMegabytes(system.worker.pid);
  return {
    title: `Memory: MB resident, ${SETTLE_MS / 1_000} s after the start, idle`,
    columns: ["", "MB"],
    rows: [
      ["API process", api.toFixed(0)],
      ["worker process", worker.toFixed(0)],
    ],
    figures: [
      { name: "rss_mb_api", value: api },
      { name: "rss_mb_worker", value: worker },
    ],
  };
};

/** NaN on systems without /proc. */
export const residentMegabytes = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]) / 1024;
};
