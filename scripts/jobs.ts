import pg from "pg";
import { loadConfigOrExit } from "../infra/config.ts";
import {
  cancelJobs,
  findBatches,
  findFlow,
  findJob,
  findJobs,
  replayJobs,
  type JobFilter,
  type JobState,
  type Sql,
} from "../workers/core/index.ts";
import { schedules } from "../workers/schedules.ts";
import { parseArgsOrExit } from "./processes/command-line.ts";
import { printBatches } from "./jobs/print-batches.ts";
import { printFlow, printJob, printTable } from "./jobs/print.ts";
import { printResult, startSchedule } from "./jobs/run-schedule.ts";

const HELP = `Lists the jobs in the ledger, retries and cancels them.

  npm run jobs -- list               the newest 50 jobs
  npm run jobs -- show ID            one job, with every attempt, and its flow
  npm run jobs -- retry ID …         runs jobs in the dead letter again
  npm run jobs -- cancel ID …        cancels jobs that have not started, or flows by the ids of their roots
  npm run jobs -- batches            the newest 20 batches, with their jobs by state
  npm run jobs -- run NAME           runs a recurring job of the system now

  --failed            only the dead letter (retry: always)
  --state STATE       waiting, pending, published, completed, failed, cancelled
  --name NAME         only jobs with this name
  --since AGE         only jobs created within 30s, 15m, 1h, 7d …
  --limit N           at most N jobs (list: 50; retry and cancel: 1000) or batches
  --watch             refreshes list or batches every second, until Ctrl-C; run: waits for the result

  The list shows a published job as running, retrying or queued, and a pending job as waiting or scheduled.

  retry and cancel accept the same filters instead of ids:
  npm run jobs -- retry --name email --since 1h`;

class UsageError extends Error {}

const { values: options, positionals } = parseArgsOrExit(
  {
    allowPositionals: true,
    options: {
      failed: { type: "boolean" },
      state: { type: "string" },
      name: { type: "string" },
      since: { type: "string" },
      limit: { type: "string" },
      watch: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  },
  "Usage: npm run jobs -- --help",
);
const [command = "list", ...ids] = positionals;

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 };

// What fits into the database's integers, and into memory.
const MOST_DAYS = 10_000;
const MOST_JOBS = 100_000;

const parseAge = (text: string): number => {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (!count) throw new UsageError(`--since ${text}: must be an age like 30s, 15m, 1h or 7d`);
  const seconds = Number(count) * SECONDS[unit as keyof typeof SECONDS];
  if (seconds > MOST_DAYS * SECONDS.d) throw new UsageError(`--since ${text}: at most ${MOST_DAYS}d`);
  return seconds;
};

const parseLimit = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text) || Number(text) > MOST_JOBS)
    throw new UsageError(`--limit ${text}: must be a number from 1 to ${MOST_JOBS}`);
  return Number(text);
};

const STATES: JobState[] = ["WAITING", "PENDING", "PUBLISHED", "COMPLETED", "FAILED", "CANCELLED"];

const parseState = (text: string): JobState => {
  const state = STATES.find((each) => each === text.toUpperCase());
  if (!state) throw new UsageError(`--state ${text}: must be one of ${STATES.join(", ").toLowerCase()}`);
  return state;
};

const selectedState = (): JobState | undefined => {
  const state = options.state === undefined ? undefined : parseState(options.state);
  if (!options.failed && command !== "retry") return state;
  if (state && state !== "FAILED")
    throw new UsageError(`--state ${options.state}: only failed jobs are in the dead letter`);
  return "FAILED";
};

const filter = (limit: number): JobFilter => ({
  state: selectedState(),
  name: options.name,
  seconds: options.since === undefined ? undefined : parseAge(options.since),
  limit: options.limit === undefined ? limit : parseLimit(options.limit),
});

const parseIds = (ids: string[]): string[] => {
  const wrong = ids.find((id) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id));
  if (wrong) throw new UsageError(`${wrong} is not the id of a job`);
  const filter = FILTERS.find((name) => options[name] !== undefined);
  if (filter) throw new UsageError(`--${filter}: cannot be combined with ids`);
  return [...new Set(ids.map((id) => id.toLowerCase()))];
};

const FILTERS = ["failed", "state", "name", "since", "limit"] as const;

const select = async (sql: Sql, ids: string[]): Promise<string[]> => {
  if (ids.length > 0) return parseIds(ids);
  const { state, name, since } = { ...options, state: options.state ?? options.failed };
  if (!state && !name && !since)
    throw new UsageError("select jobs by their ids, or by --name, --since, --state or --failed");
  const selection = filter(1_000);
  const found = await findJobs(sql, selection);
  if (found.length === selection.limit)
    console.log(`Only the newest ${selection.limit} jobs: there may be more.`);
  return found.map(({ id }) => id);
};

const list = async (sql: Sql, [word]: string[]): Promise<void> => {
  if (word) throw new UsageError(`list ${word}: select jobs by --name, --state, --since or --failed`);
  await refresh(async (lines) => printTable(await findJobs(sql, filter(50)), lines));
};

/** Prints once or, with --watch, every second. */
const refresh = async (print: (lines: number) => Promise<void>): Promise<void> => {
  do {
    if (options.watch) console.clear();
    await print(options.watch ? (process.stdout.rows ?? Infinity) - 1 : Infinity);
    if (options.watch) await new Promise((resolve) => setTimeout(resolve, 1_000));
  } while (options.watch);
};

const batches = async (sql: Sql, [word]: string[]): Promise<void> => {
  if (word) throw new UsageError(`batches ${word}: takes no argument`);
  const { limit } = filter(20);
  await refresh(async (lines) => printBatches(await findBatches(sql, { limit }), lines));
};

const run = async (sql: Sql, [name, another]: string[]): Promise<void> => {
  const schedule = schedules.find((each) => each.name === name);
  const known = schedules.map((each) => each.name).join(", ") || "there are none";
  if (!schedule || another) throw new UsageError(`run: needs the name of one schedule: ${known}`);
  const id = await startSchedule(sql, schedule);
  if (options.watch && !(await printResult(sql, id))) process.exitCode = 1;
};

const show = async (sql: Sql, [id, another]: string[]): Promise<void> => {
  if (!id || another) throw new UsageError("show: needs one id");
  const job = await findJob(sql, parseIds([id])[0] ?? "");
  if (!job) throw new UsageError(`no job has the id ${id}`);
  printJob(job);
  if (job.rootId) printFlow(await findFlow(sql, job.rootId), job.id);
};

const report = (done: { id: string }[], requested: string[], outcome: string, rest: string): void => {
  if (done.length === 0) process.exitCode = 1;
  if (requested.length === 0) return console.log("no matching jobs");
  for (const { id } of done) console.log(`${id}  ${outcome}`);
  const direct = done.filter(({ id }) => requested.includes(id)).length;
  const others = done.length - direct;
  const notes = [others > 0 && `and ${others} more jobs of their flows`, direct < requested.length && rest];
  console.log([`${direct} of ${requested.length} ${outcome}`, ...notes.filter(Boolean)].join("; "));
};

/** An error ends the process, and so the transaction. */
const atomically = async <Result>(sql: Sql, work: () => Promise<Result>): Promise<Result> => {
  await sql("BEGIN", []);
  const result = await work();
  await sql("COMMIT", []);
  return result;
};

const commands: Record<string, (sql: Sql, ids: string[]) => Promise<void>> = {
  list,
  show,
  batches,
  run,
  retry: async (sql, ids) => {
    const requested = await select(sql, ids);
    const rest = "the others are not in the dead letter";
    const replayed = await atomically(sql, () => replayJobs(sql, requested));
    report(replayed, requested, "will run again", rest);
  },
  cancel: async (sql, ids) => {
    const requested = await select(sql, ids);
    const cancelled = await atomically(sql, () => cancelJobs(sql, requested));
    report(cancelled, requested, "cancelled", "the others have started or ended");
  },
};

const chosen = Object.hasOwn(commands, command) ? commands[command] : undefined;
if (options.help || !chosen) {
  if (!options.help) console.error(`Unknown command: ${command}\n`);
  console.log(HELP);
  process.exit(options.help ? 0 : 2);
}

const client = new pg.Client({ connectionString: loadConfigOrExit("migrate").databaseUrl });
client.on("error", () => {}); // the next statement rejects
try {
  await client.connect();
  await chosen(async (text, values) => (await client.query(text, [...values])).rows, ids);
} catch (error) {
  if (error instanceof UsageError) console.error(error.message);
  else {
    const text = error instanceof Error ? error.message : String(error);
    console.error(`Cannot read the ledger. Is \`npm start\` running?\n${text}`);
  }
  process.exitCode = error instanceof UsageError ? 2 : 1;
} finally {
  await client.end();
}
