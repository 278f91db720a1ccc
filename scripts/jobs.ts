import pg from "pg";
import { loadConfigOrExit } from "../infra/config.ts";
import {
  cancelJobs,
  findFlow,
  findJob,
  findJobs,
  replayJobs,
  type JobFilter,
  type JobState,
  type Sql,
} from "../workers/core/index.ts";
import { parseArgsOrExit } from "./processes/command-line.ts";
import { printFlow, printJob, printTable } from "./jobs/print.ts";

const HELP = `Looks into the ledger of jobs, and acts on it.

  npm run jobs -- list               the newest 50 jobs
  npm run jobs -- show ID            one job, with every attempt, and its flow
  npm run jobs -- retry ID …         takes jobs out of the dead letter
  npm run jobs -- cancel ID …        cancels jobs that have not started, and flows by their roots

  --failed            the dead letter only (retry: always)
  --state STATE       waiting, pending, published, completed, failed, cancelled
  --name NAME         jobs of that name
  --since AGE         created in the last 30s, 15m, 1h or 7d
  --limit N           at most N jobs (list: 50; retry and cancel: 1000)
  --watch             list again every second, until Ctrl-C

  The list says running, retrying or queued of a published job, and waiting of a pending one.

  retry and cancel take the same filters in the place of ids:
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
  "All that there is: npm run jobs -- --help",
);
const [command = "list", ...ids] = positionals;

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 };

// What fits into the database's integers, and into our memory.
const MOST_DAYS = 10_000;
const MOST_JOBS = 100_000;

const parseAge = (text: string): number => {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (!count) throw new UsageError(`--since ${text}: write it like 30s, 15m, 1h or 7d`);
  const seconds = Number(count) * SECONDS[unit as keyof typeof SECONDS];
  if (seconds > MOST_DAYS * SECONDS.d) throw new UsageError(`--since ${text}: at most ${MOST_DAYS}d`);
  return seconds;
};

const parseLimit = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text) || Number(text) > MOST_JOBS)
    throw new UsageError(`--limit ${text}: write a number from 1 to ${MOST_JOBS}`);
  return Number(text);
};

const STATES: JobState[] = ["WAITING", "PENDING", "PUBLISHED", "COMPLETED", "FAILED", "CANCELLED"];

const parseState = (text: string): JobState => {
  const state = STATES.find((each) => each === text.toUpperCase());
  if (!state) throw new UsageError(`--state ${text}: must be one of ${STATES.join(", ").toLowerCase()}`);
  return state;
};

const chosenState = (): JobState | undefined => {
  const state = options.state === undefined ? undefined : parseState(options.state);
  if (!options.failed && command !== "retry") return state;
  if (state && state !== "FAILED") throw new UsageError(`--state ${options.state}: not in the dead letter`);
  return "FAILED";
};

const filter = (limit: number): JobFilter => ({
  state: chosenState(),
  name: options.name,
  seconds: options.since === undefined ? undefined : parseAge(options.since),
  limit: options.limit === undefined ? limit : parseLimit(options.limit),
});

const parseIds = (ids: string[]): string[] => {
  const wrong = ids.find((id) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id));
  if (wrong) throw new UsageError(`${wrong} is not the id of a job`);
  const beside = FILTERS.find((name) => options[name] !== undefined);
  if (beside) throw new UsageError(`--${beside} beside an id: name the jobs by either`);
  return [...new Set(ids.map((id) => id.toLowerCase()))];
};

const FILTERS = ["failed", "state", "name", "since", "limit"] as const;

const chosen = async (sql: Sql, ids: string[]): Promise<string[]> => {
  if (ids.length > 0) return parseIds(ids);
  const { state, name, since } = { ...options, state: options.state ?? options.failed };
  if (!state && !name && !since)
    throw new UsageError("name the jobs: by their ids, or by --name, --since, --failed");
  const asked = filter(1_000);
  const found = await findJobs(sql, asked);
  if (found.length === asked.limit) console.log(`These are the newest ${asked.limit}: there may be more.`);
  return found.map(({ id }) => id);
};

const list = async (sql: Sql, [word]: string[]): Promise<void> => {
  if (word) throw new UsageError(`list ${word}: choose jobs by --name, --state, --since or --failed`);
  do {
    const jobs = await findJobs(sql, filter(50));
    if (options.watch) console.clear();
    printTable(jobs, options.watch ? (process.stdout.rows ?? Infinity) - 1 : Infinity);
    if (options.watch) await new Promise((resolve) => setTimeout(resolve, 1_000));
  } while (options.watch);
};

const show = async (sql: Sql, [id, another]: string[]): Promise<void> => {
  if (!id || another) throw new UsageError("show which job? Give one id");
  const job = await findJob(sql, parseIds([id])[0] ?? "");
  if (!job) throw new UsageError(`there is no job ${id}`);
  printJob(job);
  if (job.rootId) printFlow(await findFlow(sql, job.rootId), job.id);
};

const report = (done: { id: string }[], asked: string[], did: string, otherwise: string): void => {
  if (done.length === 0) process.exitCode = 1;
  if (asked.length === 0) return console.log("no such jobs");
  for (const { id } of done) console.log(`${id}  ${did}`);
  const direct = done.filter(({ id }) => asked.includes(id)).length;
  const others = done.length - direct;
  const notes = [others > 0 && `and ${others} more of their flows`, direct < asked.length && otherwise];
  console.log([`${direct} of ${asked.length} ${did}`, ...notes.filter(Boolean)].join("; "));
};

const commands: Record<string, (sql: Sql, ids: string[]) => Promise<void>> = {
  list,
  show,
  retry: async (sql, ids) => {
    const asked = await chosen(sql, ids);
    report(await replayJobs(sql, asked), asked, "will run again", "the rest is not in the dead letter");
  },
  cancel: async (sql, ids) => {
    const asked = await chosen(sql, ids);
    report(await cancelJobs(sql, asked), asked, "cancelled", "the rest has started, or ended");
  },
};

const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
if (options.help || !run) {
  if (!options.help) console.error(`There is no command ${command}.\n`);
  console.log(HELP);
  process.exit(options.help ? 0 : 2);
}

const client = new pg.Client({ connectionString: loadConfigOrExit("migrate").databaseUrl });
client.on("error", () => {}); // the next statement rejects
try {
  await client.connect();
  await run(async (text, values) => (await client.query(text, [...values])).rows, ids);
} catch (error) {
  if (error instanceof UsageError) console.error(error.message);
  else {
    const text = error instanceof Error ? error.message : String(error);
    console.error(`The ledger cannot be read. Does \`npm start\` run?\n${text}`);
  }
  process.exitCode = error instanceof UsageError ? 2 : 1;
} finally {
  await client.end();
}
