import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { seededRandom } from "./processes/random.ts";
import { createClient, runLoad } from "./chaos/load.ts";
import { printReport } from "./chaos/report.ts";
import { startStrikes } from "./chaos/strikes.ts";
import { type BrokerKind, startSystem } from "./chaos/system.ts";
import { isKept, reachVerdict } from "./chaos/verdict.ts";
import { parseArgsOrExit } from "./processes/command-line.ts";

const HELP = `Breaks the system every few seconds while it works, then counts what became of its promises.
Real processes on servers of its own, on this machine only.

  npm run chaos                       10,000 jobs on Redis, then as many on PostgreSQL
  npm run chaos -- --jobs N           another number
  npm run chaos -- --broker BROKER    redis, postgres or both; or redis-cluster or redis-sentinel
  npm run chaos -- --seed N           the same faults in the same order as in the run that printed this seed
  npm run chaos -- --short            at most three minutes, for CI

Exits with 1 when anything was lost, or repeated outside its crash window.`;

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
  ? { jobs: 600, perSecond: 20, pause: 1_000, outage: 2_000 }
  : { jobs: 10_000, perSecond: 40, pause: 3_000, outage: 4_000 };
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

const run = async (broker: BrokerKind): Promise<boolean> => {
  const random = seededRandom(seed);
  const system = cleanups.use(await startSystem(broker));
  const client = createClient(system);
  const began = Date.now();
  const tell = (what: string) =>
    console.log(`${((Date.now() - began) / 1_000).toFixed(0).padStart(5)} s  ${what}`);

  tell(`${jobs} jobs, ${broker} as broker`);
  const strikes = startStrikes(system, client, { ...pace, random, tell });
  await runLoad(client, { jobs, perSecond: pace.perSecond, random: seededRandom(seed + 1) });
  tell("all jobs taken");
  const struck = await strikes.stop();
  const verdict = await reachVerdict(system, client.asked);
  tell("quiet");
  printReport(broker, verdict, struck);
  await system[Symbol.asyncDispose]();
  return isKept(verdict);
};

const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

try {
  console.log(`seed ${seed}`);
  let kept = true;
  for (const broker of brokers) {
    if (broker !== "postgres" && !hasRedis)
      console.log("No redis-server on PATH: nothing was tried on Redis.");
    else kept = (await run(broker)) && kept;
  }
  await end(kept ? 0 : 1);
} catch (error) {
  console.error(error);
  await end(1);
}
