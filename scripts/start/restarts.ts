/** Unexpected ends of one program within this time after which it is not started again. */
const MAX_ENDS = 5;
const WITHIN = 60_000;

/** Milliseconds between an unexpected end and the restart. */
export const RESTART_DELAY = 1_000;

interface End {
  /** Milliseconds on any clock that never goes back. */
  at: number;
  /** Whether the program has ever been ready. */
  wasReady: boolean;
  /** Whether a signal ended it, and not its own code. */
  bySignal: boolean;
}

/**
 * Counts the unexpected ends of one program. Returns whether to start it again: not after five ends in a minute, and not
 * if it exited by itself before it was ever ready, because then it would fail again (wrong settings, a port in use).
 */
export const createRestarts = () => {
  let recent: number[] = [];
  return ({ at, wasReady, bySignal }: End): boolean => {
    if (!wasReady && !bySignal) return false;
    recent = [...recent.filter((end) => end > at - WITHIN), at];
    return recent.length < MAX_ENDS;
  };
};
