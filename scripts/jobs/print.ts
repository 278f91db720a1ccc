import { styleText } from "node:util";
import type { Attempt, JobRow } from "./find.ts";

type Colour = Parameters<typeof styleText>[0];

const COLOURS: Record<string, Colour> = {
  completed: "green",
  failed: "red",
  crashed: "red",
  retrying: "yellow",
  retry: "yellow",
  running: "cyan",
  cancelled: "gray",
};

/** What a person would call the state: a published job may wait, run, or wait for its next attempt. */
const phase = ({ state, startedAt, attempt }: JobRow): string => {
  if (state === "WAITING") return "waiting for children";
  if (state !== "PUBLISHED") return state === "PENDING" ? "waiting" : state.toLowerCase();
  if (startedAt) return "running";
  return attempt > 0 ? "retrying" : "queued";
};

const UNITS: [seconds: number, name: string][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** "4 s ago", "in 3 min". */
const relative = (date: Date | null, now = Date.now()): string => {
  if (!date) return "";
  const seconds = Math.round((date.getTime() - now) / 1_000);
  const [size, name] = UNITS.find(([unit]) => Math.abs(seconds) >= unit) ?? [1, "s"];
  const amount = `${Math.round(Math.abs(seconds) / size)} ${name}`;
  return seconds > 0 ? `in ${amount}` : `${amount} ago`;
};

const clip = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text;

const outcome = ({ result, error }: JobRow): string =>
  error ?? (result === null ? "" : typeof result === "string" ? result : JSON.stringify(result));

const COLUMNS = ["ID", "JOB", "STATE", "TRIES", "CREATED", "ENDED", "RESULT OR ERROR"];

const cells = (job: JobRow): string[] => [
  job.id,
  job.name,
  phase(job),
  String(job.attempt + job.crashes + (job.state === "COMPLETED" || phase(job) === "running" ? 1 : 0)),
  relative(job.createdAt),
  relative(job.finishedAt),
  outcome(job),
];

/** One line per job, as wide as the terminal. */
export const printTable = (jobs: JobRow[]): void => {
  if (jobs.length === 0) return console.log("no such jobs");
  const rows = [COLUMNS, ...jobs.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  widths[widths.length - 1] = Math.max(20, (process.stdout.columns ?? 160) - before);
  for (const [index, row] of rows.entries()) {
    const padded = row.map((cell, column) => clip(cell, widths[column] ?? 0).padEnd(widths[column] ?? 0));
    const colour = index === 0 ? "bold" : COLOURS[row[2] ?? ""];
    if (colour) padded[2] = styleText(colour, padded[2] ?? "");
    console.log(padded.join("  ").trimEnd());
  }
};

const line = (label: string, value: unknown): void => {
  if (value === null || value === undefined || value === "") return;
  console.log(
    `${styleText("bold", label.padEnd(10))} ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
};

const time = (date: Date | null): string => (date ? `${date.toISOString()}  (${relative(date)})` : "");

const printAttempt = ({ startedAt, endedAt, by, outcome, error }: Attempt, index: number): void => {
  const took = startedAt ? `${Date.parse(endedAt) - Date.parse(startedAt)} ms` : "";
  const coloured = styleText(COLOURS[outcome] ?? "white", outcome.padEnd(8));
  console.log(
    `  ${String(index + 1).padStart(3)}  ${startedAt ?? endedAt}  ${took.padStart(9)}  ${coloured}  ${error ?? ""}`,
  );
  if (by) console.log(styleText("gray", `       by ${by}`));
};

/** Everything the ledger knows about a job. */
export const printJob = (job: JobRow): void => {
  line("id", job.id);
  line("job", job.name);
  line("state", `${phase(job)}${job.epoch > 1 ? `, published ${job.epoch} times` : ""}`);
  line("payload", job.payload);
  line("key", job.key);
  line("priority", job.priority || null);
  line("created", time(job.createdAt));
  line("due", job.state === "PENDING" ? time(job.dueAt) : null);
  line("published", time(job.publishedAt));
  line("started", time(job.startedAt));
  line("by", job.startedBy);
  line("ended", time(job.finishedAt));
  line("progress", job.progress);
  line("result", job.result);
  line("error", job.error);
  if (job.history.length > 0) console.log(`\n${styleText("bold", "earlier attempts")}`);
  job.history.forEach(printAttempt);
};

/** A flow as a tree, with an arrow at the given job. */
export const printFlow = (flow: JobRow[], id: string): void => {
  console.log(`\n${styleText("bold", "flow")}`);
  const printBelow = (parentId: string | null, indent: string): void => {
    for (const job of flow.filter((each) => each.parentId === parentId)) {
      const text = `${job.id === id ? "→" : " "} ${job.id}  ${indent}${job.name}`;
      const state = phase(job);
      const share =
        state === "running" && typeof job.progress === "number" ? `${Math.round(job.progress * 100)} %` : "";
      console.log(`${text.padEnd(70)}  ${styleText(COLOURS[state] ?? "white", state)} ${share}`.trimEnd());
      printBelow(job.id, `${indent}  `);
    }
  };
  printBelow(null, "");
};
