import pg from "pg";
import { loadConfigOrExit } from "../infra/config.ts";
import { findActions, recordAction } from "../infra/admin/actions.ts";
import { countFailures } from "../infra/admin/failures.ts";
import type { FailedSearch } from "../infra/admin/filter.ts";
import { countFailed, findReplays, MOST, startReplay, stopReplay } from "../infra/admin/replays.ts";
import { searchJobs } from "../infra/admin/search.ts";
import {
  cancelJobs,
  findBatches,
  findFlow,
  findJob,
  findJobs,
  findPauses,
  pauseQueue,
  replayJobs,
  resumeQueue,
  type JobFilter,
  type JobRow,
  type JobState,
  type Sql,
} from "../workers/core/index.ts";
import { modules } from "../workers/modules.ts";
import { schedules } from "../workers/schedules.ts";
import { parseArgsOrExit } from "./processes/command-line.ts";
import { commandLine } from "./jobs/command-line-actor.ts";
import { printActions, printFailures, printPauses, printReplays } from "./jobs/print-admin.ts";
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
  npm run jobs -- failures           failed jobs by queue and kind of error (--since: 3d)
  npm run jobs -- replay             counts the failed jobs that match; with --rate N, runs them again
  npm run jobs -- replays            the newest replays; stop ID stops one
  npm run jobs -- pause QUEUE        starts no job of a queue until it is resumed; without QUEUE: what is paused
  npm run jobs -- resume QUEUE       starts them again
  npm run jobs -- actions            what administrators have done, here and in the admin

  --failed            only the dead letter (retry: always)
  --state STATE       waiting, pending, published, completed, failed, cancelled
  --name NAME         only jobs with this name
  --since AGE         only jobs created within 30s, 15m, 1h, 7d … (replay and failures: failed within)
  --until AGE         only jobs older than that
  --user ID|EMAIL     only jobs of a user, of their uploads, reports, exports and schedules
  --kind KIND         only failed jobs with this kind of error: provider, permanent, timeout, crashed, ours …
  --rate N            replay: jobs per minute
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
      until: { type: "string" },
      user: { type: "string" },
      kind: { type: "string" },
      rate: { type: "string" },
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

const FILTERS = ["failed", "state", "name", "since", "until", "user", "kind", "limit"] as const;

const before = (age: string | undefined): string | undefined =>
  age === undefined ? undefined : new Date(Date.now() - parseAge(age) * 1_000).toISOString();

const findUser = async (sql: Sql, user: string): Promise<string> => {
  const text = `SELECT id FROM "User" WHERE id::text = lower($1) OR email = lower($1)`;
  const [found] = await sql<{ id: string }>(text, [user]);
  if (!found) throw new UsageError(`--user ${user}: no account has this id or address`);
  return found.id;
};

/** What the options select in the dead letter. */
const failedSearch = async (sql: Sql): Promise<FailedSearch> => {
  const { user, name, kind, since, until } = options;
  const search = { name, kind, since: before(since), until: before(until) };
  return user === undefined ? search : { ...search, userId: await findUser(sql, user) };
};

/** The newest jobs that match. */
const findMatching = async (sql: Sql, selection: JobFilter): Promise<JobRow[]> => {
  const { user, kind, until } = options;
  if (user === undefined && kind === undefined && until === undefined) return findJobs(sql, selection);
  const search = { ...(await failedSearch(sql)), state: selection.state };
  const found: string[] = [];
  for (let cursor: string | undefined; found.length < selection.limit;) {
    const page = await searchJobs(sql, search, { cursor, limit: selection.limit - found.length });
    found.push(...page.items.map(({ id }) => id));
    if (page.next === null) break;
    cursor = page.next;
  }
  return sql(`SELECT * FROM "Job" WHERE id = ANY ($1::uuid[]) ORDER BY id DESC`, [found]);
};

const select = async (sql: Sql, ids: string[]): Promise<string[]> => {
  if (ids.length > 0) return parseIds(ids);
  if (FILTERS.every((name) => name === "limit" || options[name] === undefined))
    throw new UsageError(
      "select jobs by their ids, or by --name, --user, --kind, --since, --state or --failed",
    );
  const selection = filter(1_000);
  const found = await findMatching(sql, selection);
  if (found.length === selection.limit)
    console.log(`Only the newest ${selection.limit} jobs: there may be more.`);
  return found.map(({ id }) => id);
};

const list = async (sql: Sql, [word]: string[]): Promise<void> => {
  if (word) throw new UsageError(`list ${word}: select jobs by --name, --state, --since or --failed`);
  await refresh(async (lines) => printTable(await findMatching(sql, filter(50)), lines));
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

/** The options as they are recorded: without an address. */
const selectedBy = () => {
  const { failed, state, name, since, until, kind, user } = options;
  return { failed, state, name, since, until, kind, ...(user?.includes("@") ? {} : { user }) };
};

/** Changes jobs, and records it. */
const changeJobs = async (
  sql: Sql,
  ids: string[],
  [action, work]: [string, typeof cancelJobs],
  [outcome, rest]: [string, string],
): Promise<void> => {
  const requested = await select(sql, ids);
  const changed = await atomically(sql, async () => {
    const done = await work(sql, requested);
    const [jobId] = requested;
    const several = ids.length > 0 ? { jobIds: requested } : selectedBy();
    const target = requested.length === 1 ? { jobId } : several;
    if (done.length > 0) await recordAction(sql, commandLine(), { action, target, count: done.length });
    return done;
  });
  report(changed, requested, outcome, rest);
};

const replay = async (sql: Sql): Promise<void> => {
  const search = await failedSearch(sql);
  const { rate } = options;
  if (rate !== undefined && (!/^[1-9]\d*$/.test(rate) || Number(rate) > MOST.perMinute))
    throw new UsageError(`--rate ${rate}: must be a number from 1 to ${MOST.perMinute}`);
  const total = await countFailed(sql, search);
  console.log(`${total} failed jobs match`);
  if (total === 0) return;
  if (rate === undefined) return console.log("Add --rate N to run N of them again per minute.");
  const perMinute = Number(rate);
  const replayId = await atomically(sql, async () => {
    const id = await startReplay(sql, { filter: search, perMinute, total });
    const target = { replayId: id, filter: search, perMinute };
    await recordAction(sql, commandLine(), { action: "replay.start", target, count: total });
    return id;
  });
  console.log(`${replayId}  started: a worker process continues it every 5 s`);
};

const stop = async (sql: Sql, [id = ""]: string[]): Promise<void> => {
  const [replayId = ""] = parseIds([id]);
  const stopped = await atomically(sql, async () => {
    const found = await stopReplay(sql, replayId);
    const action = { action: "replay.stop", target: { replayId }, count: found?.replayed ?? 0 };
    if (found) await recordAction(sql, commandLine(), action);
    return found;
  });
  if (!stopped) throw new UsageError(`no replay with the id ${id} runs`);
  console.log(`stopped after ${stopped.replayed} of ${stopped.total}`);
};

const setPause = async (sql: Sql, queue: string, action: "queue.pause" | "queue.resume"): Promise<void> => {
  if (!Object.hasOwn(modules, queue))
    throw new UsageError(`no queue has the name ${queue}: ${Object.keys(modules).join(", ")}`);
  const actor = commandLine();
  await atomically(sql, async () => {
    const isChanged =
      action === "queue.pause" ? await pauseQueue(sql, queue, actor.program) : await resumeQueue(sql, queue);
    if (isChanged) await recordAction(sql, actor, { action, target: { queue } });
  });
  console.log(`${queue} is ${action === "queue.pause" ? "paused" : "not paused"}`);
};

const commands: Record<string, (sql: Sql, ids: string[]) => Promise<void>> = {
  list,
  show,
  batches,
  run,
  retry: (sql, ids) =>
    changeJobs(
      sql,
      ids,
      ["job.retry", replayJobs],
      ["will run again", "the others are not in the dead letter"],
    ),
  cancel: (sql, ids) =>
    changeJobs(sql, ids, ["job.cancel", cancelJobs], ["cancelled", "the others have started or ended"]),
  failures: async (sql) => {
    const since = new Date(before(options.since ?? "3d") ?? 0);
    printFailures(await countFailures(sql, { since, minutes: 1_440 }));
  },
  replay,
  replays: async (sql) => printReplays(await findReplays(sql, filter(20).limit)),
  stop,
  pause: async (sql, [queue]) =>
    queue === undefined ? printPauses(await findPauses(sql)) : setPause(sql, queue, "queue.pause"),
  resume: (sql, [queue = ""]) => setPause(sql, queue, "queue.resume"),
  actions: async (sql) => printActions(await findActions(sql, { limit: filter(50).limit })),
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
