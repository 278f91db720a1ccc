import { type DestinationStream, type Logger, pino, type SerializedError } from "pino";

/**
 * A logger of JSON lines, on standard output by default. Fields that may contain secrets or personal data are redacted
 * by name.
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

// Synchronous: an asynchronous one flushes its buffer at exit, which never ends if no process reads the output.
const stdout = () => pino.destination({ dest: 1, sync: true });
