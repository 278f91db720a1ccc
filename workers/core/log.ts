/** The part of a structured logger, such as pino, that core uses. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * A listener for errors that connections repeat while a server is away: it logs the first of a kind at once, and
 * then one in ten seconds with a count. Without it, an outage fills a disk.
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
    seen.set(kind, { next: Date.now() + 10_000, hidden: 0 });
  };
};
