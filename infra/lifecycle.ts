import { flushCompileCache } from "node:module";
import type { Logger } from "pino";

/** Milliseconds after which the process exits in any case: less than the 30 s that orchestrators allow. */
const DEADLINE = 28_000;

/**
 * Shuts down on SIGTERM, SIGINT, and when the parent process has ended: runs `close` once, then exits with 0, at the
 * latest after 28 s. Exits with 1 when `close` fails. Call it after all imports. The returned function does the
 * same for another cause, and exits with 1.
 */
export const closeOnSignal = (log: Logger, close: () => Promise<void>): ((cause: string) => void) => {
  let closing = false;
  const end = (cause: string, code: 0 | 1) => {
    if (closing) return;
    closing = true;
    log.info({ cause }, "closing");
    setTimeout(() => {
      log.error({}, "not closed in time, exiting");
      process.exit(code);
    }, DEADLINE).unref();
    close().then(
      () => process.exit(code),
      (error: unknown) => {
        log.error({ err: error }, "closing failed");
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => end(signal, 0));
  process.on("disconnect", () => end("parent ended", 0));
  // Node writes its compile cache at exit, which a killed process does not reach: every restart would compile again.
  flushCompileCache();
  return (cause) => end(cause, 1);
};
