import { cpus, loadavg } from "node:os";
import type { Servers } from "./servers.ts";

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly node: string;
  readonly postgres: string;
  readonly redis: string | null;
  /** The load average of the minute before the run. */
  readonly load: number;
}

export const describeMachine = ({ versions }: Servers, load: number): Machine => ({
  cores: cpus().length,
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  node: process.versions.node,
  ...versions,
  load,
});

export const currentLoad = (): number => Number((loadavg()[0] ?? 0).toFixed(2));
