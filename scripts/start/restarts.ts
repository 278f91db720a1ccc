/** Unexpected ends of one program within a minute after which it is not started again. */
const MAX_ENDS = 5;
const MINUTE = 60_000;

/** Milliseconds between an unexpected end and the restart. */
export const RESTART_DELAY = 1_000;

interface End {
  /** Milliseconds on any clock that never goes back. */
  at: number;
  /** Whether the program has been ready since it was first started, or since its code changed. */
  wasReady: boolean;
  /** Whether a signal ended it, and not its own code. */
  bySignal: boolean;
  /** Whether the program has announced it, because the live page ordered it. Such ends are no failures. */
  ordered: boolean;
}

/**
 * Counts the unexpected ends of one program. Returns why it is not started again, or undefined if it is. A program that
 * exits by itself before it was ready would fail again (wrong settings, a port in use). An ordered end is not counted.
 */
export const createRestarts = () => {
  let recent: number[] = [];
  return ({ at, wasReady, bySignal, ordered }: End): string | undefined => {
    if (ordered) return undefined;
    if (!wasReady && !bySignal) return "before it was ready";
    recent = [...recent.filter((end) => end > at - MINUTE), at];
    return recent.length < MAX_ENDS ? undefined : `${MAX_ENDS} times in a minute`;
  };
};
