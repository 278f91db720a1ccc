import type { Measurement } from "./findings.ts";
import { measureApis } from "./scale/apis.ts";
import { measureLedger } from "./scale/ledger.ts";
import { measureProcesses } from "./scale/processes.ts";
import { measureRelays } from "./scale/relays.ts";

/** Measures where more processes help, where they do not, and what a large ledger costs. */
export const scale: readonly Measurement[] = [measureProcesses, measureRelays, measureApis, measureLedger];
