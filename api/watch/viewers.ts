import type { EventStream } from "../http/event-stream.ts";
import { Problem } from "../http/problem.ts";
import type { Update } from "./feed.ts";
import { toEvent, toList, toParts, type Parts } from "./messages.ts";

/** Streams per process. */
const MAX_VIEWERS = 100;
/** Jobs that all viewers together follow: those of the newest viewers. */
const FOLLOWED = 200;
/** Milliseconds for which a viewer that was slow gets counts only. */
const RECOVERY = 3_000;
/** Milliseconds after which a message goes out although nothing has changed: it carries PostgreSQL's time. */
const QUIET = 5_000;
/** Milliseconds within which the clients of a closing process reconnect, not all of them at once. */
const CLOSING_RETRY = 2_000;

interface Viewer {
  readonly stream: EventStream;
  readonly follows: readonly string[];
  /** Waits for the snapshot of a read that begins after this time. Undefined once it has it. */
  waitsSince: number | undefined;
  /** It did not read fast enough, and gets counts until it has done so for some time. */
  isBehind: boolean;
  drainedAt: number | undefined;
}

interface ViewersOptions {
  /** For the first viewer, and after the last one. */
  onFirst: () => void;
  onNone: () => void;
  /** A viewer waits for a snapshot. */
  onWaiting: () => void;
  now?: () => number;
}

/** The open streams of this process. Each message is one text for all of them. */
export interface Viewers {
  readonly size: number;
  /** The jobs that they follow. */
  readonly followed: readonly string[];
  /** @throws Problem if there are as many as there can be, or if the process is closing */
  add(stream: EventStream, follows: readonly string[]): void;
  send(update: Update): void;
  /** The ledger cannot be read. All get a snapshot when it can be read again. */
  sendStale(at: string | null): void;
  close(): void;
}

export const createViewers = (options: ViewersOptions): Viewers => {
  const { onFirst, onNone, onWaiting, now = () => performance.now() } = options;
  const viewers = new Set<Viewer>();
  let stale: string | undefined;
  let sentAt = 0;
  let isClosed = false;

  return {
    get size() {
      return viewers.size;
    },
    get followed() {
      const newestFirst = [...viewers].reverse().flatMap(({ follows }) => follows);
      return [...new Set(newestFirst)].slice(0, FOLLOWED);
    },
    add: (stream, follows) => {
      if (isClosed || viewers.size >= MAX_VIEWERS)
        throw new Problem("unavailable", { headers: { "Retry-After": "5" } });
      const viewer: Viewer = {
        ...{ stream, follows, waitsSince: now(), isBehind: false, drainedAt: undefined },
      };
      viewers.add(viewer);
      stream.onEnd(() => {
        viewers.delete(viewer);
        if (viewers.size === 0) onNone();
      });
      if (viewers.size === 1) onFirst();
      onWaiting();
      // After the headers, which are sent when this has returned.
      const text = stale;
      if (text) queueMicrotask(() => viewers.has(viewer) && stream.sendText(text));
    },
    send: (update) => {
      stale = undefined;
      const texts = createTexts(update, viewers.size);
      const hasNews = texts.hasNews || now() - sentAt > QUIET;
      if (hasNews) sentAt = now();
      for (const viewer of viewers) sendTo(viewer, texts, { update, hasNews, now: now() });
    },
    sendStale: (at) => {
      const isNew = stale === undefined;
      stale ??= toEvent("stale", toParts({ at, since: at }));
      for (const viewer of viewers) {
        viewer.waitsSince = -Infinity;
        if (isNew && viewer.stream.isFlushed) viewer.stream.sendText(stale);
      }
    },
    close: () => {
      isClosed = true;
      for (const { stream } of viewers) stream.end(Math.random() * CLOSING_RETRY);
    },
  };
};

type Texts = ReturnType<typeof createTexts>;

const sendTo = (
  viewer: Viewer,
  texts: Texts,
  { update, hasNews, now }: { update: Update; hasNews: boolean; now: number },
) => {
  const { stream } = viewer;
  if (!stream.isFlushed) {
    viewer.isBehind = true;
    viewer.drainedAt = undefined;
  } else if (viewer.isBehind && !hasRecovered(viewer, now)) {
    stream.sendText(texts.counts());
  } else if (viewer.isBehind || viewer.waitsSince !== undefined) {
    if (viewer.waitsSince !== undefined && viewer.waitsSince > update.began) return;
    viewer.isBehind = false;
    viewer.drainedAt = undefined;
    viewer.waitsSince = undefined;
    stream.sendText(texts.snapshot());
  } else if (hasNews) stream.sendText(texts.tick());
};

const hasRecovered = (viewer: Viewer, now: number) => {
  viewer.drainedAt ??= now;
  return now - viewer.drainedAt >= RECOVERY;
};

/** Written when the first viewer needs them. */
const createTexts = ({ at, parts, changed, jobs, shown }: Update, size: number) => {
  const time = toParts({ at });
  const { queues: _queues, schedules: _schedules, ...counts } = parts;
  const news: Parts = {
    ...changed,
    ...(jobs.jobs.length > 0 && { jobs: toList(jobs.jobs) }),
    ...(jobs.gone.length > 0 && toParts({ gone: jobs.gone })),
  };
  return {
    hasNews: Object.keys(news).length > 0,
    tick: once(() => toEvent("tick", { ...time, ...news })),
    counts: once(() =>
      toEvent("counts", { ...time, ...counts, ...toParts({ behind: true, viewers: size }) }),
    ),
    snapshot: once(() => toEvent("snapshot", { ...time, ...parts, jobs: toList(shown()) })),
  };
};

const once = (make: () => string) => {
  let text: string | undefined;
  return () => (text ??= make());
};
