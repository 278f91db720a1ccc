import { Counter, Histogram, type Registry } from "@prometheus-io/client";
import type { ErrorKind, Observe, RunReport } from "../../workers/core/index.ts";

/** Why jobs fail or are tried again. */
const KINDS: readonly ErrorKind[] = ["ours", "provider", "permanent", "timeout", "crashed", "rate-limited"];

/** Seconds: from a run that only skips, to a wait through an outage of hours. */
const WAITS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200];
const RUNS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800];
const RESCUES = [5, 10, 15, 20, 30, 60, 120, 300, 900];
const ATTEMPTS = [1, 2, 3, 5, 8, 13];

/** Metrics of the runs in this process. Pass `observe` to `startCore`. */
export const meterRuns = (registry: Registry, queues: readonly string[]): { observe: Observe } => {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, ...labels: Label[]) =>
    new Counter({ name, help, labelNames: ["queue", ...labels] as const, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, buckets, labelNames: ["queue"] as const, registers });

  const completed = counter("offstage_jobs_completed_total", "Jobs completed by this process.");
  const failed = counter(
    "offstage_jobs_failed_total",
    "Jobs that went to the dead letter, by error.",
    "kind",
  );
  const retries = counter("offstage_job_retries_total", "Failed attempts with a retry to come.", "kind");
  const releases = counter("offstage_job_releases_total", "Runs given back without an attempt.", "kind");
  const attempts = histogram("offstage_job_attempts", "Attempts that a job took until its end.", ATTEMPTS);
  const waits = histogram("offstage_job_wait_seconds", "From ready to run until the start of a run.", WAITS);
  const runs = histogram("offstage_job_run_seconds", "From the start to the end of a run.", RUNS);
  const rescues = histogram(
    "offstage_job_rescue_seconds",
    "From the start of a run whose process died until the crash was found.",
    RESCUES,
  );

  // A series that begins with its first event shows no increase then, so an alert would miss it.
  for (const queue of queues) {
    completed.inc({ queue }, 0);
    for (const kind of KINDS) {
      failed.inc({ queue, kind }, 0);
      retries.inc({ queue, kind }, 0);
    }
    for (const kind of ["rate-limited", "released"]) releases.inc({ queue, kind }, 0);
    for (const each of [attempts, waits, runs, rescues]) each.zero({ queue });
  }

  const count = ({ job: queue, outcome, kind = "ours", attempt }: RunReport): void => {
    if (outcome === "completed") completed.inc({ queue });
    if (outcome === "failed") failed.inc({ queue, kind });
    if (outcome === "retry") retries.inc({ queue, kind });
    if (outcome === "released") releases.inc({ queue, kind });
    if (outcome === "completed" || outcome === "failed") attempts.observe({ queue }, attempt);
  };

  return {
    observe: (report) => {
      const { job: queue, outcome, waitMs, runMs } = report;
      count(report);
      if (outcome === "crashed") rescues.observe({ queue }, runMs / 1_000);
      else runs.observe({ queue }, runMs / 1_000);
      if (waitMs !== undefined) waits.observe({ queue }, waitMs / 1_000);
    },
  };
};
