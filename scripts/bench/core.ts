import { measureEnqueue } from "./core/enqueue.ts";
import { measureMemory } from "./core/memory.ts";
import { measureSignUp } from "./core/sign-up.ts";
import { measureStartLatency } from "./core/start-latency.ts";
import { measureThroughput } from "./core/throughput.ts";
import type { Measurement } from "./findings.ts";

/** Measures the job core, and sign-up as a flow that uses it. */
export const core: readonly Measurement[] = [
  measureEnqueue,
  measureThroughput,
  measureStartLatency,
  measureSignUp,
  measureMemory,
];
