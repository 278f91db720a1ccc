import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Measurement } from "../findings.ts";
import { startSystem } from "./system.ts";

const SETTLE_MS = 10_000;

/** What an API and a worker process hold in memory that have nothing to do. */
export const measureMemory: Measurement = async (servers) => {
  await using system = await startSystem(servers, "off");
  await sleep(SETTLE_MS);
  const api = await residentMegabytes(system.api.pid);
  const worker = await residentMegabytes(system.worker.pid);
  return {
    title: `Memory: MB resident, ${SETTLE_MS / 1_000} s after the start, nothing to do`,
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

/** NaN where there is no /proc. */
const residentMegabytes = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]) / 1024;
};
