import { type DestinationStream, type Logger, pino, type SerializedError } from "pino";

/**
 * A logger of JSON lines, on standard output unless told otherwise. What could hold a secret or a person's data is cut
 * out by name.
 */
export const createLogger = (process: string, level: string, output: DestinationStream = stdout()): Logger =>
  pino(
    {
      base: { process },
      level,
      serializers: { err: pino.stdSerializers.wrapErrorSerializer(errorFacts) },
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

/** What the log tells of an error, and no more: what PostgreSQL and Prisma add may quote the row that it is about. */
export const errorFacts = ({ type, message, stack, code }: SerializedError): object => ({
  type,
  message,
  stack,
  code,
});

// Synchronous: the buffer of an asynchronous one is flushed at exit, and that never ends when nobody reads any more.
const stdout = () => pino.destination({ dest: 1, sync: true });
