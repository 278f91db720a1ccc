import type { EventStream } from "../http/event-stream.ts";
import { Problem } from "../http/problem.ts";
import { pollOnce, type Reader, type Store } from "./poll.ts";

/** Milliseconds between two polls: the longest that an event waits. */
const POLL = 500;
/** Streams per process. */
const MAX_STREAMS = 5_000;
/** Streams per user and process. A browser has one per window, because only visible tabs have one. */
const MAX_PER_USER = 8;
/** Milliseconds before a client reconnects whose stream was ended for a newer one of its user. */
const REPLACED_RETRY = 60_000;
/** Milliseconds within which the clients of a closing process reconnect, not all of them at once. */
const CLOSING_RETRY = 5_000;

interface Options {
  /** Called when a poll fails. The next one sends what it could not. */
  onError: (error: Error) => void;
  poll?: number;
  maxStreams?: number;
}

interface Viewer {
  /** The id of the session. */
  id: string;
  userId: string;
  /** What the client has, if it reconnects. */
  lastEventId: number | undefined;
}

/** The open streams of this process. */
export interface Streams {
  /** @throws Problem if there are as many as there can be, or if the process is closing */
  add(stream: EventStream, viewer: Viewer): void;
  readonly size: number;
  /** Ends all streams, and refuses new ones. */
  close(): Promise<void>;
}

/**
 * Sends every open stream what its user is notified about, until its session ends. One poll serves all streams: one
 * query for their sessions and feeds, and others only if a feed has changed. Without streams, there are no polls.
 */
export const createStreams = (
  store: Store,
  { onError, poll = POLL, maxStreams = MAX_STREAMS }: Options,
): Streams => {
  const readers = new Set<Reader>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isClosed = false;
  let opened = 0;

  const run = async () => {
    timer = undefined;
    const hasMore = await pollOnce(store, readers).catch((error: unknown) => {
      onError(error instanceof Error ? error : new Error(String(error)));
      return false;
    });
    running = undefined;
    if (readers.size > 0) schedule(hasMore ? 0 : poll);
  };
  const schedule = (delay: number) => {
    if (isClosed || timer || running) return;
    timer = setTimeout(() => {
      running = run();
    }, delay);
  };

  return {
    add: (stream, { id, userId, lastEventId }) => {
      const own = [...readers].filter((reader) => reader.userId === userId && reader.stream.isOpen);
      // Not refused: the client of the oldest may have left without closing it, as phones do.
      const replaced =
        own.length < MAX_PER_USER ? undefined : own.toSorted((one, other) => one.number - other.number)[0];
      if (isClosed || (readers.size >= maxStreams && !replaced))
        throw new Problem("unavailable", { headers: { "Retry-After": "10" } });
      replaced?.stream.end(REPLACED_RETRY);

      const position = lastEventId;
      const reader = { sessionId: id, userId, stream, number: opened++, position, version: undefined };
      readers.add(reader);
      stream.onEnd(() => {
        readers.delete(reader);
        if (readers.size > 0) return;
        clearTimeout(timer);
        timer = undefined;
      });
      schedule(0);
    },
    get size() {
      return readers.size;
    },
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      for (const { stream } of readers) stream.end(Math.random() * CLOSING_RETRY);
      await running;
    },
  };
};
