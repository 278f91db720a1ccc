import { styleText } from "node:util";
import {
  phaseOf,
  spanIdOf,
  traceIdOf,
  type HistoryEntry,
  type JobRow,
  type Phase,
} from "../../workers/core/index.ts";

type Colour = Parameters<typeof styleText>[0];

const COLOURS: Record<string, Colour> = {
  completed: "green",
  failed: "red",
  crashed: "red",
  retrying: "yellow",
  retry: "yellow",
  lost: "yellow",
  running: "cyan",
  cancelled: "gray",
};

const WORDS: Record<Phase, string> = {
  scheduled: "scheduled",
  committed: "waiting",
  queued: "queued",
  running: "running",
  again: "retrying",
  children: "waiting for children",
  turn: "waiting for its turn",
  done: "completed",
  dead: "failed",
  cancelled: "cancelled",
};

/** The phase in the words of the list. */
const phase = (job: JobRow): string => WORDS[phaseOf(job, Date.now())];

const UNITS: [seconds: number, name: string][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** "4 s ago", "in 3 min". */
export const relative = (date: Date | null, now = Date.now()): string => {
  if (!date) return "";
  const seconds = Math.round((date.getTime() - now) / 1_000);
  const [size, name] = UNITS.find(([unit]) => Math.abs(seconds) >= unit) ?? [1, "s"];
  const amount = `${Math.round(Math.abs(seconds) / size)} ${name}`;
  return seconds > 0 ? `in ${amount}` : `${amount} ago`;
};

const clip = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text;

/** Drops the names Error and ProviderError, which add nothing to the message. */
const plain = (error: string): string => error.replace(/^(Provider)?Error: /, "");

/** When a job is due, or retried, if that is not now. */
const ahead = (job: JobRow, word: string, date: Date): Date | null =>
  phase(job) === word && date.getTime() > Date.now() + 1_000 ? date : null;

const firstAttempt = (job: JobRow) => ahead(job, "scheduled", job.readyAt);
const nextAttempt = (job: JobRow) => ahead(job, "retrying", new Date(job.history.at(-1)?.retryAt ?? 0));

const outcome = (job: JobRow): string => {
  const { result, error } = job;
  const [first, next] = [firstAttempt(job), nextAttempt(job)];
  if (error !== null) return next ? `again ${relative(next)}: ${plain(error)}` : plain(error);
  if (first) return `due ${relative(first)}`;
  return result === null ? "" : typeof result === "string" ? result : JSON.stringify(result);
};

const COLUMNS = ["ID", "JOB", "STATE", "ATTEMPTS", "CREATED", "ENDED", "RESULT OR ERROR"];

const cells = (job: JobRow): string[] => [
  job.id,
  job.name,
  phase(job),
  String(job.attempt + job.crashes + (job.state === "COMPLETED" || phase(job) === "running" ? 1 : 0)),
  relative(job.createdAt),
  relative(job.finishedAt),
  outcome(job),
];

/** The columns that every terminal shows. */
const FIRST = 4;
/** The width that the last column needs to be on the same line. */
const ENOUGH = 40;

/** Prints jobs as a table as wide as the terminal, in at most `most` lines. */
export const printTable = (jobs: JobRow[], most = Infinity): void =>
  console.log(
    tableOf(jobs, process.stdout.columns ?? 160)
      .slice(0, most)
      .join("\n"),
  );

/** A narrow table has fewer columns, and an outcome that does not fit goes to the next line. */
export const tableOf = (jobs: JobRow[], width: number): string[] => {
  if (jobs.length === 0) return ["no matching jobs"];
  const rows = [COLUMNS, ...jobs.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const roomAfter = (count: number) =>
    widths.slice(0, count).reduce((room, column) => room - column - 2, width);
  let shown = COLUMNS.length - 1;
  while (shown > FIRST && roomAfter(shown) < ENOUGH) shown -= 1;
  while (shown > 1 && roomAfter(shown) < -2) shown -= 1;
  const room = roomAfter(shown);

  return rows.flatMap((row, index) => {
    const padded = row.slice(0, shown).map((cell, column) => cell.padEnd(widths[column] ?? 0));
    const colour = index === 0 ? "bold" : COLOURS[row[2] ?? ""];
    if (colour && padded[2]) padded[2] = styleText(colour, padded[2]);
    const last = row.at(-1) ?? "";
    const fits = room >= ENOUGH || last.length <= room;
    const line = [...padded, fits ? clip(last, room) : ""].join("  ").trimEnd();
    return fits || index === 0 ? line : [line, `  ${clip(last, width - 2)}`];
  });
};

const line = (label: string, value: unknown): void => {
  if (value === null || value === undefined || value === "") return;
  console.log(
    `${styleText("bold", label.padEnd(12))} ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
};

const time = (date: Date | null): string => (date ? `${toSecond(date)}  (${relative(date)})` : "");

const toSecond = (date: Date): string => date.toISOString().replace(/\.\d+/, "");

const NOTES: Partial<Record<HistoryEntry["outcome"], string>> = {
  released: "given back when its process ended",
  lost: "its broker did not know it or had no worker left, published again",
  replayed: "taken out of the dead letter",
};

const printEntry = (entry: HistoryEntry, index: number): void => {
  const { startedAt, endedAt, by, outcome, count, span } = entry;
  const began = toSecond(new Date(startedAt ?? endedAt));
  const took = startedAt ? `${Date.parse(endedAt) - Date.parse(startedAt)} ms` : "";
  const coloured = styleText(COLOURS[outcome] ?? "white", outcome.padEnd(8));
  const note = `${plain(entry.error ?? NOTES[outcome] ?? "")}${count ? ` (${count} times)` : ""}`;
  console.log(
    `${String(index + 1).padStart(4)}  ${began}  ${took.padStart(8)}  ${coloured}  ${note}`.trimEnd(),
  );
  if (by) console.log(styleText("gray", `      by ${by}`));
  if (span) console.log(styleText("gray", `      trace ${traceIdOf(span)}, span ${spanIdOf(span)}`));
};

/** Prints everything that the ledger has on a job. */
export const printJob = (job: JobRow): void => {
  line("id", job.id);
  line("job", job.name);
  line("state", `${phase(job)}${job.epoch > 1 ? `, published ${job.epoch} times` : ""}`);
  line("payload", job.payload);
  line("key", job.key);
  line("order key", job.orderKey);
  line("priority", job.priority || null);
  line("request", job.requestId);
  line("cause", job.causeId);
  line("trace", job.traceparent && traceIdOf(job.traceparent));
  line("created", time(job.createdAt));
  line("due", time(firstAttempt(job)));
  line("published", time(job.publishedAt));
  line("next attempt", time(nextAttempt(job)));
  line("started", time(job.startedAt));
  line("by", job.startedBy);
  line("ended", time(job.finishedAt));
  line("progress", job.progress);
  line("result", job.result);
  line("error", job.error && plain(job.error));
  if (job.history.length > 0) console.log(`\n${styleText("bold", "history")}`);
  job.history.forEach(printEntry);
};

/** Prints a flow as a tree, with an arrow at the given job. */
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
