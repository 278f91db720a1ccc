import { type DestinationStream, type Logger, pino, type SerializedError } from "pino";

/**
 * A logger of JSON lines, on standard output by default. What could hold a secret or a person's data is cut
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

/** The parts of an error that are logged. PostgreSQL and Prisma add parts that may quote the row. */
export const errorFacts = ({ type, message, stack, code }: SerializedError): object => ({
  type,
  message,
  stack,
  code,
});

// Synchronous: an asynchronous one flushes its buffer at exit, which never ends if the reader is gone.
const stdout = () => pino.destination({ dest: 1, sync: true });
