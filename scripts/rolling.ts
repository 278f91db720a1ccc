import { setTimeout as sleep } from "node:timers/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import pg from "pg";
import type { Message } from "../sandbox/inbox.ts";
import { createPgDatabase } from "../workers/core/index.ts";
import { migrate } from "./migrate.ts";
import { startPostgres } from "./postgres/embedded.ts";
import { parseArgsOrExit } from "./processes/command-line.ts";
import { freePort } from "./processes/ports.ts";
import { type ProjectProcess, startProcessIn } from "./processes/project-process.ts";
import { createRedis } from "./processes/stores.ts";
import { until } from "./processes/until.ts";
import { checkOut, findCommit, findLastRelease, isShallow } from "./rolling/older-version.ts";
import {
  findFailed,
  findMismatches,
  findUnfinished,
  findUnready,
  findWrongMails,
  findWrongSignUps,
} from "./rolling/verdict.ts";
import { createVisitor } from "./rolling/visitor.ts";

const HELP = `Runs the last release and this version at the same time, on one ledger and one broker, as during a rolling deploy and
its rollback. Users sign up, upload and ask for reports through both. Then checks that nothing was lost or refused.

  npm run rolling                      against the newest tag v*, or else the commit in .last-release
  npm run rolling -- --from COMMIT     against another commit
  npm run rolling -- --broker redis    the broker, by default postgres

Exits with 1 if a request was refused, a job failed or is not done, or a log says that a version did not understand the
other. Exits with 0, and says so, if the older commit is not in this clone.`;

const { values: options } = parseArgsOrExit(
  {
    options: {
      from: { type: "string" },
      broker: { type: "string", default: "postgres" },
      help: { type: "boolean", short: "h" },
    },
  },
  `\n${HELP}`,
);
if (options.help || !["postgres", "redis"].includes(options.broker)) {
  console.log(HELP);
  process.exit(options.help ? 0 : 2);
}

const root = join(import.meta.dirname, "..");
const startedAt = Date.now();
const log = (message: string) =>
  console.log(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${message}`);

const cleanups = new AsyncDisposableStack();
const end = async (code: number): Promise<never> => {
  await cleanups.disposeAsync();
  process.exit(code);
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const)
  process.once(signal, () => void end(130));

const openStores = async () => {
  const folder = cleanups.adopt(await mkdtemp(join(tmpdir(), "offstage-rolling-")), (path) =>
    rm(path, { recursive: true, force: true, maxRetries: 5 }),
  );
  const settings = { fsync: "off", full_page_writes: "off", max_connections: 300 };
  const postgres = cleanups.adopt(
    await startPostgres({ folder: join(folder, "postgres"), port: await freePort(), settings }),
    (each) => each.stop(),
  );
  const redis = options.broker === "redis" ? cleanups.use(await createRedis("with its data")) : undefined;
  await redis?.start();
  return { folder, databaseUrl: postgres.url, queueUrl: redis?.url ?? postgres.url };
};

const DUE_NOW = `UPDATE "Schedule" SET hour = extract(hour FROM now() AT TIME ZONE 'UTC')::int,
  minute = extract(minute FROM now() AT TIME ZONE 'UTC')::int, zone = 'UTC', "nextRunAt" = date_trunc('minute', now())
  WHERE "userId" IS NOT NULL`;

/** The processes of one version. */
const createVersion = (folder: string, env: Record<string, string>) => {
  const processes: ProjectProcess[] = [];
  const start = async (file: string, ready: string, more: Record<string, string> = {}) => {
    const child = cleanups.use(startProcessIn(folder, file, { ...env, ...more }));
    processes.push(child);
    await child.wrote(ready);
    return child;
  };
  return {
    startWorker: () => start("workers/main.ts", '"working"'),
    startApi: async () => {
      const port = await freePort();
      const child = await start("api/main.ts", "listening", { PORT: `${port}` });
      return { url: `http://127.0.0.1:${port}`, stop: () => child.kill("SIGTERM") };
    },
    output: () => processes.flatMap(({ output }) => output),
  };
};

/** Resolves with what went wrong. */
const deploy = async (commit: string): Promise<string[]> => {
  const [older, stores] = await Promise.all([checkOut(commit), openStores()]);
  cleanups.use(older);
  const { folder, databaseUrl, queueUrl } = stores;
  const [smtpPort, httpPort] = [await freePort(), await freePort()];
  const sandboxUrl = `http://127.0.0.1:${httpPort}`;
  const env = {
    DATABASE_URL: databaseUrl,
    QUEUE_URL: queueUrl,
    THROTTLES: "false",
    ACCOUNT_DELETION_GRACE: "1s",
    SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
    SANDBOX_URL: sandboxUrl,
    SANDBOX_SMTP_PORT: `${smtpPort}`,
    SANDBOX_HTTP_PORT: `${httpPort}`,
    TRANSCRIPTION_URL: `${sandboxUrl}/v1`,
    FCM_SANDBOX_URL: sandboxUrl,
    DATA_FOLDER: folder,
    STORAGE_URL: pathToFileURL(join(folder, "files")).href,
  };
  await older.run("scripts/migrate.ts", env);
  const pool = cleanups.adopt(new pg.Pool({ connectionString: databaseUrl, max: 2 }), (each) => each.end());
  pool.on("error", () => {}); // the server ends first
  const { sql } = createPgDatabase(pool);
  cleanups.use(startProcessIn(root, "sandbox/main.ts", env));
  const readMails = async () => (await (await fetch(`${sandboxUrl}/api/messages`)).json()) as Message[];
  await until("the sandbox responds", () => readMails().then(() => true));

  const before = createVersion(older.folder, env);
  const after = createVersion(root, env);
  const visitor = createVisitor(older.paths, readMails);

  // Sign-ups go on through every phase, through the APIs that run.
  const apis = new Set<string>();
  const refused: string[] = [];
  let deploying = true;
  const keepSigningUp = async () => {
    for (let turn = 0; deploying; turn++) {
      const urls = [...apis];
      const api = urls[turn % urls.length];
      if (api) await visitor.signUp(api).catch((error: unknown) => refused.push(String(error)));
      await sleep(300);
    }
  };
  const useEach = async (phase: string) => {
    log(phase);
    const refuse = (error: unknown) => void refused.push(`${phase}: ${String(error)}`);
    await Promise.all(
      [...apis].flatMap((api) => [
        visitor.useEverything(api).catch(refuse),
        visitor.leave(api).catch(refuse),
      ]),
    );
  };
  const stop = async (api: { url: string; stop(): Promise<unknown> }) => {
    apis.delete(api.url);
    await api.stop();
  };

  let [oldApi, oldWorker] = await Promise.all([before.startApi(), before.startWorker()]);
  apis.add(oldApi.url);
  const signingUp = keepSigningUp();
  await useEach("the older version alone");

  await migrate({ databaseUrl, queueUrl });
  await useEach("the older version on the new schema");

  let [newApi, newWorker] = await Promise.all([after.startApi(), after.startWorker()]);
  apis.add(newApi.url);
  await useEach("both versions");
  // The reports of all schedules are due now, for the version that looks first.
  if (older.paths.has("/v1/report-schedules/{projectId}")) await sql(DUE_NOW, []);
  await Promise.all([oldWorker.kill("SIGKILL"), useEach("the older worker is killed")]);
  oldWorker = await before.startWorker();
  await Promise.all([newWorker.kill("SIGKILL"), useEach("the new worker is killed")]);

  await stop(newApi);
  await useEach("rolled back: the older version after the new one");

  [newApi, newWorker] = await Promise.all([after.startApi(), after.startWorker()]);
  apis.add(newApi.url);
  await Promise.all([stop(oldApi), oldWorker.kill("SIGTERM")]);
  await useEach("the new version alone");
  deploying = false;
  await signingUp;

  log("waiting for all jobs");
  const unfinished = await findUnfinished(sql);
  const mails = await readMails();
  const counts = await sql<{ name: string; jobs: number }>(
    `SELECT name, count(*)::int AS jobs FROM "Job" WHERE state = 'COMPLETED' GROUP BY name ORDER BY name`,
    [],
  );
  log(`${visitor.accepted} requests accepted, ${visitor.signedUp.size} sign-ups, ${mails.length} mails`);
  log(`done: ${counts.map(({ name, jobs }) => `${name} ${jobs}`).join(", ")}`);
  return [
    ...refused,
    ...unfinished,
    ...(await findFailed(sql)),
    ...(await findUnready(sql)),
    ...(await findWrongMails(sql, mails)),
    ...findWrongSignUps(visitor.signedUp, mails),
    ...findMismatches(before.output()).map((line) => `log of the older version: ${line}`),
    ...findMismatches(after.output()).map((line) => `log of the new version: ${line}`),
  ];
};

try {
  const name = options.from ?? (await findLastRelease());
  const commit = await findCommit(name);
  if (!commit) {
    const reason = (await isShallow()) ? "this clone is shallow" : "it is not in this clone";
    console.log(`SKIPPED: NOTHING WAS TESTED. The last release is ${name}, and ${reason}.`);
    console.log("Fetch the history (`git fetch --unshallow --tags`) and run it again.");
    await end(options.from ? 2 : 0);
  } else {
    log(`${name} (${commit.slice(0, 8)}) and this version, ${options.broker} as broker`);
    const problems = await deploy(commit);
    for (const problem of new Set(problems)) console.log(`PROBLEM  ${problem}`);
    log(problems.length === 0 ? "passed" : `${problems.length} problems`);
    await end(problems.length === 0 ? 0 : 1);
  }
} catch (error) {
  console.error(error);
  await end(1);
}
