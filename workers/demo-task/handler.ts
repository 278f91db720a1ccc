import { PermanentError, type Payload, type Run } from "../core/index.ts";
import type { demoTask } from "./job.ts";

interface Deps {
  /** Whether this system is for demonstrations. */
  isSandbox: boolean;
  /** Resolves after `ms`, and rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Kills this process. */
  die(): Promise<never>;
  /** Never returns, and lets nothing else in this process run. */
  block(): never;
}

/** Parts of its time after which a sleeping task reports its progress. */
const STEPS = 4;

export const doDemoTask =
  ({ isSandbox, sleep, die, block }: Deps) =>
  async (
    { work, ms = 0, number }: Payload<typeof demoTask>,
    run: Pick<Run, "signal" | "progress">,
  ): Promise<object> => {
    if (!isSandbox) throw new PermanentError("demo tasks run only where SANDBOX is on");
    if (work === "crash") await die();
    if (work === "block") block();
    if (work === "sleep")
      for (let step = 1; step <= STEPS; step++) {
        await sleep(ms / STEPS, run.signal);
        await run.progress({ percent: (100 * step) / STEPS });
      }
    return number === undefined ? { work } : { work, number };
  };
