import { RowBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard, lines, number, rate } from "./panels.ts";

const W = `job="offstage-worker"`;

export const workers = dashboard("workers", "Workers", "Are the worker processes alive, busy and healthy?")
  .withRow(new RowBuilder("Processes"))
  .withPanel(number("Scraped", "Worker processes that respond to Prometheus.", "short", `sum(up{${W}})`))
  .withPanel(number("Down", "Worker processes that do not.", "short", `count(up{${W}}) - sum(up{${W}})`, 1))
  .withPanel(
    number(
      "Stuck",
      "Consumers that take no job and do not recover.",
      "short",
      "sum(offstage_worker_stuck)",
      1,
    ),
  )
  .withPanel(
    number(
      "Busy",
      "The part of all slots that run a job.",
      "percentunit",
      "sum(offstage_worker_busy) / sum(offstage_worker_slots)",
    ),
  )
  .withPanel(
    number(
      "Restarts",
      "Starts of worker processes in the last hour, without the first of each target.",
      "short",
      `sum(changes(process_start_time_seconds{${W}}[1h]))`,
    ),
  )
  .withPanel(
    number(
      "Rescued runs",
      "Runs of the last hour whose process died.",
      "short",
      "sum(increase(offstage_job_rescue_seconds_count[1h]))",
      1,
    ),
  )
  .withRow(new RowBuilder("Work"))
  .withPanel(
    lines("Busy slots", "Jobs that run now, by process.", "short", {
      "{{instance}}": "sum by (instance) (offstage_worker_busy)",
    }),
  )
  .withPanel(
    lines("Utilisation", "Busy slots of all slots, by queue. At 1 for long: add processes.", "percentunit", {
      "{{queue}}": "sum by (queue) (offstage_worker_busy) / sum by (queue) (offstage_worker_slots)",
    }),
  )
  .withPanel(
    lines("Completed", "Jobs per second, by process.", "ops", {
      "{{instance}}": rate("instance", "offstage_jobs_completed_total"),
    }),
  )
  .withRow(new RowBuilder("Health"))
  .withPanel(
    lines("Event loop delay", "99th percentile. Above 1 s, heartbeats and locks are late.", "s", {
      "{{instance}}": `nodejs_eventloop_lag_p99_seconds{${W}}`,
    }),
  )
  .withPanel(
    lines("CPU", "Cores used. One is the event loop; image libraries use more.", "short", {
      "{{instance}}": `rate(process_cpu_seconds_total{${W}}[$__rate_interval])`,
    }),
  )
  .withPanel(
    lines("Memory", "Resident memory of the process.", "bytes", {
      "{{instance}}": `process_resident_memory_bytes{${W}}`,
    }),
  )
  .withPanel(
    lines("Heap", "JavaScript objects in use.", "bytes", {
      "{{instance}}": `nodejs_heap_size_used_bytes{${W}}`,
    }),
  )
  .withPanel(
    lines("Garbage collection", "Seconds per second.", "percentunit", {
      "{{instance}}": `sum by (instance) (rate(nodejs_gc_duration_seconds_sum{${W}}[$__rate_interval]))`,
    }),
  )
  .withPanel(
    lines(
      "Database pool",
      "Connections of the processes' pools. `waiting` are queries without one.",
      "short",
      {
        "{{pool}} {{state}}": `sum by (pool, state) (offstage_database_pool_connections{${W}})`,
      },
    ),
  )
  .withPanel(
    lines("Consumers", "1 if the consumer of a queue is stuck.", "short", {
      "{{instance}} {{queue}}": "max by (instance, queue) (offstage_worker_stuck)",
    }),
  );
