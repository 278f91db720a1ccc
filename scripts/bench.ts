import { admin } from "./bench/admin.ts";
import { accounts } from "./bench/accounts.ts";
import { core } from "./bench/core.ts";
import { deletion } from "./bench/deletion.ts";
import { naiveDeletion } from "./bench/deletion-naive.ts";
import { schedules } from "./bench/dispatch.ts";
import { exports } from "./bench/export.ts";
import type { Findings, Measurement } from "./bench/findings.ts";
import { currentLoad, describeMachine } from "./bench/machine.ts";
import { media } from "./bench/media.ts";
import { order } from "./bench/order.ts";
import { purges } from "./bench/purges.ts";
import { reports } from "./bench/reports.ts";
import { scale } from "./bench/scale.ts";
import { printFindings, printMachine, toJson } from "./bench/report.ts";
import { startServers } from "./bench/servers.ts";
import { traces } from "./bench/traces.ts";
import { watch } from "./bench/watch.ts";
import { parseArgsOrExit } from "./processes/command-line.ts";

/** To measure something else, add a list of measurements here. */
const parts: Readonly<Record<string, readonly Measurement[]>> = {
  core,
  order,
  accounts,
  media,
  reports,
  schedules,
  purges,
  export: exports,
  deletion,
  "deletion-naive": naiveDeletion,
  watch,
  scale,
  traces,
  admin,
};

const HELP = `Measures this project on this machine. Starts its own PostgreSQL and Redis.

  npm run bench                   all measurements, as tables
  npm run bench -- --only PART    one part: ${Object.keys(parts).join(", ")}
  npm run bench -- --json         one JSON object
  npm run bench -- --quick        fewer samples: faster, and less precise

docs/benchmarks.md explains the tables.`;

const { values: options } = parseArgsOrExit(
  {
    options: {
      only: { type: "string" },
      json: { type: "boolean" },
      quick: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  },
  `\n${HELP}`,
);
const { only } = options;
const chosen = only === undefined ? Object.values(parts).flat() : Object.hasOwn(parts, only) && parts[only];
if (options.help || !chosen) {
  console.log(HELP);
  process.exit(options.help ? 0 : 2);
}

const cleanups = new AsyncDisposableStack();
let interrupted = false;

const run = async (measurements: readonly Measurement[]): Promise<void> => {
  const load = currentLoad();
  const starting = startServers();
  cleanups.defer(async () => (await starting.catch(() => undefined))?.[Symbol.asyncDispose]());
  const servers = await starting;
  const machine = describeMachine(servers, load);
  if (!options.json) printMachine(machine);
  const findings: Findings[] = [];
  for (const measure of measurements) {
    const found = await measure(servers, options.quick ? "quick" : "full");
    findings.push(found);
    if (!options.json) printFindings(found);
  }
  if (options.json) console.log(toJson(machine, findings));
};

const end = async (code: number): Promise<never> => {
  await cleanups.disposeAsync();
  process.exit(code);
};

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const) {
  process.on(signal, () => {
    if (interrupted) return;
    interrupted = true;
    void end(130);
  });
}

try {
  await run(chosen);
  await end(0);
} catch (error) {
  if (!interrupted) {
    console.error(error);
    await end(1);
  }
}
