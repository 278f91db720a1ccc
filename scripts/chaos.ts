import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { seededRandom } from "./processes/random.ts";
import { startFaults } from "./chaos/fault-injection.ts";
import { createClient, runLoad } from "./chaos/load.ts";
import { printReport } from "./chaos/report.ts";
import { type BrokerKind, startSystem } from "./chaos/system.ts";
import { computeVerdict, hasPassed } from "./chaos/verdict.ts";
import { parseArgsOrExit } from "./processes/command-line.ts";

const HELP = `Injects a fault every few seconds while jobs run, then checks the result of every acknowledged request.
Starts its own processes and database servers, on this machine only.

  npm run chaos                       10,000 jobs on Redis, then 10,000 on PostgreSQL
  npm run chaos -- --jobs N           N jobs on each broker
  npm run chaos -- --broker BROKER    redis, postgres, both (default), redis-cluster or redis-sentinel
  npm run chaos -- --seed N           the same faults in the same order as the run that printed this seed
  npm run chaos -- --short            600 jobs and shorter outages, at most three minutes, for CI

Exits with 1 if an acknowledged request was lost, if an effect was repeated outside the crash window, if a job did
not run in the order of its key, or if a mail has an unexpected Message-ID.`;

const { values: options } = parseArgsOrExit(
  {
    options: {
      jobs: { type: "string" },
      seed: { type: "string" },
      broker: { type: "string", default: "both" },
      short: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  },
  `\n${HELP}`,
);
const seed = Number(options.seed ?? randomInt(1_000_000));
const pace = options.short
  ? { jobs: 600, perSecond: 20, pauseMs: 1_000, outageMs: 2_000 }
  : { jobs: 10_000, perSecond: 40, pauseMs: 3_000, outageMs: 4_000 };
const jobs = Number(options.jobs ?? pace.jobs);
const kinds: readonly BrokerKind[] = ["redis", "postgres", "redis-cluster", "redis-sentinel"];
const brokers = kinds.filter((kind, index) =>
  options.broker === "both" ? index < 2 : options.broker === kind,
);
if (options.help || brokers.length === 0 || !Number.isInteger(seed) || !(jobs > 0)) {
  console.log(HELP);
  process.exit(options.help ? 0 : 2);
}

const cleanups = new AsyncDisposableStack();

const end = async (code: number): Promise<never> => {
  await cleanups.disposeAsync();
  process.exit(code);
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const)
  process.once(signal, () => void end(130));

/** Resolves with whether the run passed. */
const run = async (broker: BrokerKind): Promise<boolean> => {
  const random = seededRandom(seed);
  const system = cleanups.use(await startSystem(broker));
  const client = createClient(system);
  const startedAt = Date.now();
  const log = (message: string) =>
    console.log(`${((Date.now() - startedAt) / 1_000).toFixed(0).padStart(5)} s  ${message}`);

  log(`${jobs} jobs, ${broker} as broker`);
  const faults = startFaults(system, client, { ...pace, random, log });
  await runLoad(client, { jobs, perSecond: pace.perSecond, random: seededRandom(seed + 1) });
  log(`${jobs} requests acknowledged`);
  const injected = await faults.stop();
  const verdict = await computeVerdict(system, client.requests);
  log("all jobs finished");
  printReport(broker, verdict, injected);
  await system[Symbol.asyncDispose]();
  return hasPassed(verdict);
};

const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

try {
  console.log(`seed ${seed}`);
  let passed = true;
  for (const broker of brokers) {
    if (broker !== "postgres" && !hasRedis)
      console.log("No redis-server on PATH: skipped the runs on Redis.");
    else passed = (await run(broker)) && passed;
  }
  await end(passed ? 0 : 1);
} catch (error) {
  console.error(error);
  await end(1);
}
