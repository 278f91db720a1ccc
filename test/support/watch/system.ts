import { freePort } from "../../../scripts/processes/ports.ts";
import type { ProjectProcess } from "../../../scripts/processes/project-process.ts";
import { PHASE } from "../../../workers/core/index.ts";
import { createSystem, type System } from "../chaos/system.ts";

/** A job as the ledger has it. */
export interface LedgerJob {
  id: string;
  phase: string;
  attempt: number;
}

/** A system with the live page. Its processes are started again when they end, as `npm start` does. */
export interface WatchedSystem extends System {
  /** Starts another API process on the same database. Resolves with its URL. */
  startAnotherApi(): Promise<string>;
  /** Kills the API process of `apiUrl`. It is started again. */
  killApi(): Promise<void>;
  /** The phase and attempts of jobs, from the ledger. */
  phases(): Promise<LedgerJob[]>;
}

export const createWatchedSystem = async (more: Record<string, string> = {}): Promise<WatchedSystem> => {
  const system = await createSystem();
  const env = { SANDBOX: "on", SANDBOX_URL: system.sandboxUrl, ...more };
  let isClosing = false;

  const keepRunning = async (file: string, ready: string, own: Record<string, string> = {}) => {
    const current: { process: ProjectProcess } = { process: system.start(file, { ...env, ...own }) };
    const restart = async (): Promise<void> => {
      await current.process.exited;
      if (isClosing) return;
      current.process = system.start(file, { ...env, ...own });
      return restart();
    };
    void restart();
    await current.process.wrote(ready);
    return current;
  };

  const [api] = await Promise.all([
    keepRunning("api/main.ts", "listening"),
    keepRunning("workers/main.ts", "working"),
    keepRunning("workers/main.ts", "working"),
  ]);
  return {
    ...system,
    startAnotherApi: async () => {
      const port = await freePort();
      await keepRunning("api/main.ts", "listening", { PORT: `${port}` });
      return `http://127.0.0.1:${port}`;
    },
    killApi: async () => {
      const { process } = api;
      await process.kill();
    },
    phases: () => system.sql<LedgerJob>(`SELECT id, ${PHASE} AS phase, attempt FROM "Job" j`, []),
    [Symbol.asyncDispose]: async () => {
      isClosing = true;
      await system[Symbol.asyncDispose]();
    },
  };
};
