/** The part of a structured logger, such as pino, that core uses. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Milliseconds between two log lines about errors of one kind. */
const INTERVAL = 10_000;

/**
 * A listener for errors that connections repeat while a server is unavailable. It logs the first error of a kind at
 * once, and then at most one every 10 s, with the number of those it left out. Without it, an outage can fill a disk.
 */
export const throttledWarn = (log: Log, message: string): ((error: Error) => void) => {
  const seen = new Map<string, { next: number; hidden: number }>();
  return (error) => {
    const kind = `${error.name} ${"code" in error ? String(error.code) : error.message.slice(0, 40)}`;
    const last = seen.get(kind) ?? { next: 0, hidden: 0 };
    if (seen.size > 100) seen.clear();
    if (Date.now() < last.next) {
      seen.set(kind, { ...last, hidden: last.hidden + 1 });
      return;
    }
    log.warn({ error: `${error.name}: ${error.message}`.slice(0, 200), hidden: last.hidden }, message);
    seen.set(kind, { next: Date.now() + INTERVAL, hidden: 0 });
  };
};
