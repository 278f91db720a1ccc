import { Gauge } from "@prometheus-io/client";
import type { Core } from "../../workers/core/index.ts";
import type { Metrics } from "./registry.ts";

/** Metrics of what the consumers of this process do now. */
export const meterWorkers = (
  { registry, beforeScrape }: Pick<Metrics, "registry" | "beforeScrape">,
  health: Core<never>["health"],
): void => {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ["queue"] as const, registers: [registry] });
  const slots = gauge("offstage_worker_slots", "Runs that may be in progress in this process at once.");
  const busy = gauge("offstage_worker_busy", "Runs in progress in this process.");
  const stuck = gauge(
    "offstage_worker_stuck",
    "1 if the consumer takes no job although some wait and it has a free slot.",
  );
  beforeScrape(() => {
    const now = health();
    for (const [queue, tally] of Object.entries(now?.about.queues ?? {})) {
      slots.set({ queue }, tally.slots);
      busy.set({ queue }, tally.running);
      stuck.set({ queue }, now?.stuck.includes(queue) ? 1 : 0);
    }
  });
};
