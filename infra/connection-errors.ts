import type { Logger } from "pino";
import { PoolerError, throttledWarn } from "../workers/core/index.ts";

/**
 * A listener for errors of connections to the server that `variable` names. Logs a warning for what can pass, and exits
 * with 1 for a pooler that cannot be used: waiting does not help, and continuing would lose limits.
 */
export const warnOrExit = (log: Logger, store: string, variable: string): ((error: Error) => void) => {
  const warn = throttledWarn(log, store);
  return (error) => {
    if (!(error instanceof PoolerError)) return warn(error);
    log.fatal({}, `${variable}: ${error.message} See docs/connection-poolers.md.`);
    process.exit(1);
  };
};
