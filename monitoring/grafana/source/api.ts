import { RowBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard, lines, number, percentile, rate } from "./panels.ts";

const A = `job="offstage-api"`;
const REQUESTS = "offstage_http_request_duration_seconds_count";
const DURATION = "offstage_http_request_duration_seconds";

export const api = dashboard(
  "api",
  "API",
  "Rate, errors and duration of requests, and the health of the processes.",
)
  .withRow(new RowBuilder("Now"))
  .withPanel(number("Scraped", "API processes that respond to Prometheus.", "short", `sum(up{${A}})`))
  .withPanel(number("Requests", "Per second.", "reqps", "offstage_http_requests:rate5m"))
  .withPanel(
    number(
      "Errors",
      "Responses with a status of 5xx.",
      "percentunit",
      "offstage_http_errors:ratio_rate5m",
      0.02,
    ),
  )
  .withPanel(
    number(
      "Duration, 95th percentile",
      "From the request to the end of the response.",
      "s",
      "offstage_http_request_duration_seconds:p95_rate5m",
      1,
    ),
  )
  .withPanel(
    number(
      "Within 250 ms",
      "The part of the requests: the objective is 95 %.",
      "percentunit",
      `sum(rate(${DURATION}_bucket{le="0.25"}[5m])) / sum(rate(${REQUESTS}[5m]))`,
    ),
  )
  .withPanel(
    number(
      "Collectors down",
      "API processes that cannot read the ledger for metrics.",
      "short",
      "count(offstage_collector_up) - sum(offstage_collector_up)",
      1,
    ),
  )
  .withRow(new RowBuilder("Requests"))
  .withPanel(
    lines("Rate by route", "Requests per second.", "reqps", {
      "{{method}} {{route}}": rate("method, route", REQUESTS),
    }),
  )
  .withPanel(
    lines("Rate by status", "Requests per second.", "reqps", { "{{status}}": rate("status", REQUESTS) }),
  )
  .withPanel(
    lines("Refused and failed, by route", "Responses per second with a status of 4xx or 5xx.", "reqps", {
      "{{status}} {{method}} {{route}}": rate("status, method, route", `${REQUESTS}{status=~"4xx|5xx"}`),
    }),
  )
  .withPanel(
    lines("Duration", "Over all routes.", "s", {
      "50 %": percentile(50, "", DURATION),
      "95 %": percentile(95, "", DURATION),
      "99 %": percentile(99, "", DURATION),
    }),
  )
  .withPanel(
    lines("Duration by route", "95th percentile.", "s", {
      "{{method}} {{route}}": percentile(95, "method, route", DURATION),
    }),
  )
  .withPanel(
    lines("Enqueued", "Jobs per second that requests and other jobs committed.", "ops", {
      "{{queue}}": rate("queue", "offstage_jobs_enqueued_total"),
    }),
  )
  .withRow(new RowBuilder("Processes"))
  .withPanel(
    lines("Event loop delay", "99th percentile. Every response is as late.", "s", {
      "{{instance}}": `nodejs_eventloop_lag_p99_seconds{${A}}`,
    }),
  )
  .withPanel(
    lines("CPU", "Cores used.", "short", {
      "{{instance}}": `rate(process_cpu_seconds_total{${A}}[$__rate_interval])`,
    }),
  )
  .withPanel(
    lines("Memory", "Resident memory of the process.", "bytes", {
      "{{instance}}": `process_resident_memory_bytes{${A}}`,
    }),
  )
  .withPanel(
    lines(
      "Database pool",
      "Connections of the processes' pools. `waiting` are queries without one.",
      "short",
      {
        "{{pool}} {{state}}": `sum by (pool, state) (offstage_database_pool_connections{${A}})`,
      },
    ),
  )
  .withPanel(
    lines("Collector", "1 if the ledger could be read for metrics.", "short", {
      "{{instance}}": "offstage_collector_up",
    }),
  );
