import {
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard, datasource, lines, percentile, rate, stack } from "./panels.ts";

const Q = `{queue=~"$queue"}`;

const queues = new QueryVariableBuilder("queue")
  .label("Queue")
  .datasource(datasource)
  .query("label_values(offstage_queue_jobs, queue)")
  .refresh(VariableRefresh.OnTimeRangeChanged)
  .sort(VariableSort.AlphabeticalAsc)
  .multi(true)
  .includeAll(true)
  .allValue(".+");

export const queue = dashboard(
  "queue",
  "Queue",
  "What a queue does, how long its jobs wait, and why they fail.",
)
  .withVariable(queues)
  .withRow(new RowBuilder("Depth"))
  .withPanel(
    stack("Jobs by state", "In the ledger and in the broker.", "short", {
      "{{queue}} {{state}}": `queue_state:offstage_queue_jobs:max${Q}`,
    }),
  )
  .withPanel(
    lines("Oldest job", "How long the oldest job that has not started has been ready.", "s", {
      "{{queue}}": `queue:offstage_queue_oldest_job_age_seconds:max${Q}`,
    }),
  )
  .withPanel(
    lines(
      "Backlog",
      "Seconds of work for one worker process, and until the queue is empty at the present rate.",
      "s",
      {
        "{{queue}}: backlog": `queue:offstage_queue_backlog_seconds:max${Q}`,
        "{{queue}}: empty in": `queue:offstage_queue_drain_seconds:estimate${Q}`,
      },
    ),
  )
  .withRow(new RowBuilder("Flow"))
  .withPanel(
    lines("Throughput", "Jobs per second.", "ops", {
      "{{queue}} enqueued": rate("queue", `offstage_jobs_enqueued_total${Q}`),
      "{{queue}} started": rate("queue", `offstage_jobs_started_total${Q}`),
      "{{queue}} completed": rate("queue", `offstage_jobs_completed_total${Q}`),
    }),
  )
  .withPanel(
    lines("Wait", "From ready to start.", "s", {
      "{{queue}} 50 %": percentile(50, "queue", "offstage_job_wait_seconds", Q),
      "{{queue}} 95 %": percentile(95, "queue", "offstage_job_wait_seconds", Q),
      "{{queue}} 99 %": percentile(99, "queue", "offstage_job_wait_seconds", Q),
    }),
  )
  .withPanel(
    lines("Run", "From start to end of one attempt.", "s", {
      "{{queue}} 50 %": percentile(50, "queue", "offstage_job_run_seconds", Q),
      "{{queue}} 95 %": percentile(95, "queue", "offstage_job_run_seconds", Q),
      "{{queue}} 99 %": percentile(99, "queue", "offstage_job_run_seconds", Q),
    }),
  )
  .withRow(new RowBuilder("Failures"))
  .withPanel(
    lines("Retries", "Failed attempts per second that are repeated, by kind.", "ops", {
      "{{queue}} {{kind}}": rate("queue, kind", `offstage_job_retries_total${Q}`),
    }),
  )
  .withPanel(
    lines("Failed", "Jobs per second that went to the dead letter, by kind.", "ops", {
      "{{queue}} {{kind}}": rate("queue, kind", `offstage_jobs_failed_total${Q}`),
    }),
  )
  .withPanel(
    lines("Dead letter", "Jobs that failed for good.", "short", {
      "{{queue}}": `queue:offstage_dead_letter_jobs:max${Q}`,
    }),
  )
  .withPanel(
    lines("Attempts per job", "The mean of the jobs that ended. 1 if nothing is retried.", "short", {
      "{{queue}}": `${rate("queue", `offstage_job_attempts_sum${Q}`)} / ${rate("queue", `offstage_job_attempts_count${Q}`)}`,
    }),
  )
  .withPanel(
    lines(
      "Failure ratio",
      "The part of the jobs that went to the dead letter, in 15 minutes.",
      "percentunit",
      {
        "{{queue}}": `queue:offstage_jobs_failed:ratio_rate15m${Q}`,
      },
    ),
  )
  .withPanel(
    lines("Failed attempts at the provider", "The part of the attempts, in 10 minutes.", "percentunit", {
      "{{queue}}": `queue:offstage_provider_attempts_failed:ratio_rate10m${Q}`,
    }),
  )
  .withRow(new RowBuilder("Limits and losses"))
  .withPanel(
    lines("Given back", "Runs per second that spent no attempt, by kind: rate limits, shutdowns.", "ops", {
      "{{queue}} {{kind}}": rate("queue, kind", `offstage_job_releases_total${Q}`),
    }),
  )
  .withPanel(
    lines(
      "Pauses",
      "Seconds of pause asked for, per second, and pauses that an operator must end.",
      "short",
      {
        "{{queue}} rate limited": rate("queue", `offstage_queue_rate_limited_seconds_total${Q}`),
        "{{queue}} needs an operator": `sum by (queue) (increase(offstage_provider_alerts_total${Q}[10m]))`,
        "{{queue}} paused by an operator": `queue:offstage_queue_paused:max${Q}`,
      },
    ),
  )
  .withPanel(
    lines("Rescues", "How long it took to notice that the process of a run had died: 95th percentile.", "s", {
      "{{queue}}": `histogram_quantile(0.95, sum by (queue, le) (increase(offstage_job_rescue_seconds_bucket${Q}[1h])))`,
    }),
  )
  .withRow(new RowBuilder("Workers"))
  .withPanel(
    lines("Processes", "Alive, by their heartbeat.", "short", {
      "{{queue}}": `queue:offstage_queue_workers:max${Q}`,
    }),
  )
  .withPanel(
    lines("Slots", "Jobs that can run at once, and that do.", "short", {
      "{{queue}} slots": `max by (queue) (offstage_queue_slots${Q})`,
      "{{queue}} busy": `sum by (queue) (offstage_worker_busy${Q})`,
    }),
  )
  .withPanel(
    lines("Published again", "Jobs per second that the broker had lost.", "ops", {
      "{{queue}}": rate("queue", `offstage_sweep_republished_total${Q}`),
    }),
  );
