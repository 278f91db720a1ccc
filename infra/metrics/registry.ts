import { collectDefaultMetrics, Gauge, Registry } from "@prometheus-io/client";
import type { PoolState } from "../../workers/core/index.ts";

/** The metrics of a process. */
export interface Metrics {
  readonly registry: Registry;
  /** Calls `refresh` before each scrape. The client reads all metrics at once, so one cannot refresh another. */
  beforeScrape(refresh: () => void | Promise<void>): void;
  /** The text of a scrape. */
  text(): Promise<string>;
}

/** A registry with the metrics of every process: memory, processor, event loop, and pools of connections. */
export const createMetrics = (pools: Readonly<Record<string, () => PoolState>>): Metrics => {
  const registry = new Registry();
  const refreshes: (() => void | Promise<void>)[] = [];
  collectDefaultMetrics({ register: registry });
  const connections = new Gauge({
    name: "offstage_database_pool_connections",
    help: "Connections of a pool by state; for `waiting`, callers that wait for one.",
    labelNames: ["pool", "state"] as const,
    registers: [registry],
  });
  refreshes.push(() => {
    for (const [pool, state] of Object.entries(pools))
      for (const [name, value] of Object.entries(state())) connections.set({ pool, state: name }, value);
  });
  return {
    registry,
    beforeScrape: (refresh) => void refreshes.push(refresh),
    text: async () => {
      await Promise.all(refreshes.map(async (refresh) => refresh()));
      return registry.metrics();
    },
  };
};
