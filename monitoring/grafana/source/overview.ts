import { RowBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard, lines, number, percentile, rate } from "./panels.ts";

export const overview = dashboard("overview", "Overview", "Is anything wrong, and where?")
  .withRow(new RowBuilder("Now"))
  .withPanel(
    number(
      "Alerts",
      "Alerts that fire now. See Prometheus, or the mails of Alertmanager.",
      "short",
      `count(ALERTS{alertstate="firing"}) or vector(0)`,
      1,
    ),
  )
  .withPanel(
    number(
      "Jobs ready",
      "Jobs that a free worker could start now.",
      "short",
      "sum(queue:offstage_queue_jobs_ready:sum)",
    ),
  )
  .withPanel(
    number(
      "Oldest job",
      "How long the oldest job has been ready.",
      "s",
      "max(queue:offstage_queue_oldest_job_age_seconds:max)",
      300,
    ),
  )
  .withPanel(
    number(
      "Dead letter",
      "Jobs that failed for good and wait for a decision.",
      "short",
      "sum(queue:offstage_dead_letter_jobs:max)",
      1,
    ),
  )
  .withPanel(
    number(
      "Queues without a worker",
      "Queues with jobs that no process serves.",
      "short",
      "count(queue:offstage_queue_jobs_ready:sum > 0 and on (queue) queue:offstage_queue_workers:max == 0) or vector(0)",
      1,
    ),
  )
  .withPanel(
    number(
      "API errors",
      "Responses with a status of 5xx.",
      "percentunit",
      "offstage_http_errors:ratio_rate5m",
      0.02,
    ),
  )
  .withRow(new RowBuilder("Jobs"))
  .withPanel(
    lines("Throughput", "Jobs per second, over all queues.", "ops", {
      enqueued: "sum(rate(offstage_jobs_enqueued_total[$__rate_interval]))",
      completed: "sum(rate(offstage_jobs_completed_total[$__rate_interval]))",
      retried: "sum(rate(offstage_job_retries_total[$__rate_interval]))",
      failed: "sum(rate(offstage_jobs_failed_total[$__rate_interval]))",
    }),
  )
  .withPanel(
    lines("Jobs ready", "Jobs that a free worker could start now.", "short", {
      "{{queue}}": "queue:offstage_queue_jobs_ready:sum",
    }),
  )
  .withPanel(
    lines("Oldest job", "How long the oldest job of each queue has been ready.", "s", {
      "{{queue}}": "queue:offstage_queue_oldest_job_age_seconds:max",
    }),
  )
  .withPanel(
    lines("Wait, 95th percentile", "From ready to start.", "s", {
      "{{queue}}": "queue:offstage_job_wait_seconds:p95_rate5m",
    }),
  )
  .withPanel(
    lines(
      "Dead letter",
      "Jobs that failed for good, until they are replayed or deleted after 30 days.",
      "short",
      {
        "{{queue}}": "queue:offstage_dead_letter_jobs:max",
      },
    ),
  )
  .withPanel(
    lines("Failures by kind", "Failed attempts per second: to be retried, or to the dead letter.", "ops", {
      "retried: {{kind}}": rate("kind", "offstage_job_retries_total"),
      "failed: {{kind}}": rate("kind", "offstage_jobs_failed_total"),
    }),
  )
  .withRow(new RowBuilder("From the ledger to the broker"))
  .withPanel(
    lines(
      "Lag",
      "The age of the oldest due job that is not published, and of the most overdue schedule.",
      "s",
      {
        relay: "max(offstage_relay_lag_seconds)",
        schedules: "max(offstage_schedules_overdue_seconds)",
      },
    ),
  )
  .withPanel(
    lines("Published", "Jobs per second that relays gave to the broker.", "ops", {
      "{{queue}}": rate("queue", "offstage_relay_published_total"),
      errors: "sum(rate(offstage_relay_errors_total[$__rate_interval]))",
    }),
  )
  .withPanel(
    lines("Published again", "Jobs per second that the broker had lost.", "ops", {
      "{{queue}}": rate("queue", "offstage_sweep_republished_total"),
    }),
  )
  .withRow(new RowBuilder("Stores"))
  .withPanel(
    lines("PostgreSQL: connections", "Of the whole server, by state.", "short", {
      "{{state}}": "max by (state) (offstage_database_connections)",
      maximum: "max(offstage_database_max_connections)",
    }),
  )
  .withPanel(
    lines("PostgreSQL: longest transaction", "How long the oldest open transaction has been open.", "s", {
      age: "max(offstage_database_longest_transaction_seconds)",
    }),
  )
  .withPanel(
    lines(
      "Redis: memory",
      "Empty if the queues are in PostgreSQL. The limit is 0 if there is none.",
      "bytes",
      {
        used: "max(offstage_broker_memory_bytes)",
        limit: "max(offstage_broker_memory_max_bytes)",
      },
    ),
  )
  .withPanel(
    lines(
      "Broker: reachable",
      "1 if at least one API process reaches it. Evictions must stay at 0.",
      "short",
      {
        up: "max(offstage_broker_up)",
        evicts: "max(offstage_broker_evicts)",
        "evicted keys": "max(offstage_broker_evicted_keys_total)",
      },
    ),
  )
  .withPanel(
    lines("API: requests", "Requests per second.", "reqps", { requests: "offstage_http_requests:rate5m" }),
  )
  .withPanel(
    lines("API: duration", "From the request to the end of the response.", "s", {
      "50 %": percentile(50, "", "offstage_http_request_duration_seconds"),
      "95 %": percentile(95, "", "offstage_http_request_duration_seconds"),
    }),
  );
