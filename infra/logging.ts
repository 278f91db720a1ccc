import { type DestinationStream, type Logger, pino } from "pino";

/**
 * A logger of JSON lines, on standard output unless told otherwise. What could hold a secret or a person's data is cut
 * out by name.
 */
export const createLogger = (process: string, level: string, output: DestinationStream = stdout()): Logger =>
  pino(
    {
      base: { process },
      level,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ["password", "token", "email", "authorization", "cookie"].flatMap((key) => [
          key,
          `*.${key}`,
          `*.*.${key}`,
        ]),
        censor: "[redacted]",
      },
    },
    output,
  );

// Synchronous: the buffer of an asynchronous one is flushed at exit, and that never ends when nobody reads any more.
const stdout = () => pino.destination({ dest: 1, sync: true });
