import { Feed, type Update } from "./feed.ts";

/** Milliseconds between two reads: after an act of this process, while something changes, and otherwise. */
const HURRY = 50;
const LIVELY = 250;
const IDLE = 1_000;
/** Milliseconds for which an act, and a change, keep the reads close together. */
const HURRY_FOR = 2_000;
const LIVELY_FOR = 5_000;
/** The pause after a read is at least this many times as long as the read, up to a second. */
const SHARE = 20;

interface ReaderDeps {
  createFeed: () => Feed;
  onUpdate: (update: Update) => void;
  /** The ledger cannot be read. It was last read at `at`, PostgreSQL's time, and is tried again. */
  onStale: (at: string | null) => void;
  onError: (error: Error) => void;
}

/** Reads the ledger again and again while it is open. */
export interface Reader {
  open(): void;
  /** Resolves when no read is running any more. */
  close(): Promise<void>;
  /** This process has changed the ledger, so more changes are near. */
  hurry(): void;
  /** Begins a read soon: those who ask within 50 ms share it. */
  request(): void;
}

export const createReader = ({ createFeed, onUpdate, onStale, onError }: ReaderDeps): Reader => {
  let feed: Feed | undefined;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Infinity;
  let running: Promise<void> | undefined;
  let isRequested = false;
  let took = 0;
  let hurryUntil = 0;
  let livelyUntil = 0;

  const read = async (from: Feed) => {
    try {
      const update = await from.read();
      // Closed meanwhile, and perhaps opened again.
      if (feed !== from) return;
      if (isLively(update)) livelyUntil = update.began + LIVELY_FOR;
      onUpdate(update);
    } catch (error) {
      if (feed !== from) return;
      onError(error instanceof Error ? error : new Error(String(error)));
      onStale(from.at);
      feed = createFeed();
    }
  };

  const run = async () => {
    const began = performance.now();
    timer = undefined;
    dueAt = Infinity;
    isRequested = false;
    if (feed) await read(feed);
    running = undefined;
    if (isRequested) wake(HURRY);
    took = performance.now() - began;
    wake(delay());
  };

  const delay = () => {
    const now = performance.now();
    const usual = now < livelyUntil ? LIVELY : IDLE;
    return Math.max(now < hurryUntil ? HURRY : usual, Math.min(IDLE, took * SHARE));
  };

  /** Reads after so many milliseconds, or earlier if that is planned. */
  const wake = (ms: number) => {
    if (!feed || running || performance.now() + ms >= dueAt) return;
    clearTimeout(timer);
    dueAt = performance.now() + ms;
    timer = setTimeout(() => {
      running = run();
    }, ms);
  };

  const request = () => {
    isRequested = true;
    wake(HURRY);
  };

  return {
    open: () => {
      feed = createFeed();
      request();
    },
    close: async () => {
      feed = undefined;
      clearTimeout(timer);
      dueAt = Infinity;
      await running;
    },
    hurry: () => {
      hurryUntil = performance.now() + HURRY_FOR;
      wake(delay());
    },
    request,
  };
};

const isLively = ({ jobs, changed }: Update) =>
  jobs.jobs.length > 0 || jobs.gone.length > 0 || "lanes" in changed;
