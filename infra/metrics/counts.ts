import { Counter, type Registry } from "@prometheus-io/client";
import { onCount, type Counted } from "../../workers/core/index.ts";

type Event = Counted["event"];

/** What every process counts, and what only processes with workers do. */
const OF_ALL: readonly Event[] = ["inserted", "published", "unpublished"];
const OF_WORKERS: readonly Event[] = ["started", "republished", "limited", "alerted"];

const METRICS: Record<Event, readonly [name: string, help: string]> = {
  inserted: [
    "offstage_jobs_enqueued_total",
    "Jobs inserted by this process, also in transactions that roll back.",
  ],
  published: ["offstage_relay_published_total", "Jobs handed to the broker by this process."],
  unpublished: [
    "offstage_relay_errors_total",
    "Polls of the relay that failed: the broker or the database was unavailable.",
  ],
  started: ["offstage_jobs_started_total", "Runs started by this process."],
  republished: ["offstage_sweep_republished_total", "Jobs that the sweep found lost, and published again."],
  limited: [
    "offstage_queue_rate_limited_seconds_total",
    "Seconds by which runs of this process have prolonged a pause of their queue.",
  ],
  alerted: ["offstage_provider_alerts_total", "Pauses that only an operator can end."],
};

/** Metrics of what core counts in this process, until the returned function is called. */
export const meterCounts = (
  registry: Registry,
  { queues, works }: { queues: readonly string[]; works: boolean },
): (() => void) => {
  const counters = new Map(
    [...OF_ALL, ...(works ? OF_WORKERS : [])].map((event) => [event, counterOf(registry, event, queues)]),
  );
  return onCount(({ event, job, count }) => {
    const value = event === "limited" ? count / 1_000 : count;
    // A poll of the relay is for all queues.
    counters.get(event)?.inc(event === "unpublished" ? {} : { queue: job }, value);
  });
};

const counterOf = (registry: Registry, event: Event, queues: readonly string[]) => {
  const [name, help] = METRICS[event];
  const registers = [registry];
  if (event === "unpublished") return new Counter<"queue">({ name, help, registers });
  const counter = new Counter({ name, help, labelNames: ["queue"] as const, registers });
  for (const queue of queues) counter.inc({ queue }, 0);
  return counter;
};
