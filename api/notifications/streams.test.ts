import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EventStream, StreamEvent } from "../http/event-stream.ts";
import type { Store } from "./poll.ts";
import { createStreams } from "./streams.ts";

// How often the database is asked, and what is bounded. See also test/flows/notifications.test.ts.

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const createStream = () => {
  const sent: StreamEvent[] = [];
  const ends: number[] = [];
  const listeners: (() => void)[] = [];
  const stream = {
    isOpen: true as boolean,
    isFlushed: true as boolean,
    send: (events: readonly StreamEvent[]) => void sent.push(...events),
    sendText: () => {},
    end: (retry: number) => {
      ends.push(retry);
      stream.isOpen = false;
      for (const listener of listeners) listener();
    },
    onEnd: (listener: () => void) => void listeners.push(listener),
  } satisfies EventStream;
  return { stream, sent, ends };
};

/** Every session exists, and every feed has the same version, without notifications. */
const createFeeds = () => {
  const feeds = { queries: 0, version: 1, isDown: false };
  const sql = async (_text: string, [ids]: string[][]) => {
    feeds.queries += 1;
    if (feeds.isDown) throw new Error("down");
    return ids!.map((id) => ({ id, last: 0, version: feeds.version }));
  };
  const $queryRaw = async (_text: TemplateStringsArray, userIds: string[]) => {
    feeds.queries += 1;
    return userIds.map((userId) => ({ userId, unread: 0 }));
  };
  return Object.assign(feeds, { store: { prisma: { $queryRaw }, jobs: { sql } } as unknown as Store });
};

const viewer = (number: number, userId = `user ${number}`) => ({
  id: `session ${number}`,
  userId,
  lastEventId: undefined,
});

const setUp = (options: { maxStreams?: number } = {}) => {
  const feeds = createFeeds();
  const errors: string[] = [];
  const onError = ({ message }: Error) => void errors.push(message);
  return { feeds, errors, streams: createStreams(feeds.store, { onError, ...options }) };
};

describe("the polls", () => {
  test("are one query each, however many streams there are", async () => {
    const { feeds, streams } = setUp();
    const all = Array.from({ length: 150 }, createStream);
    for (const [number, { stream }] of all.entries()) streams.add(stream, viewer(number));
    await vi.advanceTimersByTimeAsync(100);
    // The first poll also counts what is unread, for all of them together.
    expect(feeds.queries).toBe(2);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(feeds.queries).toBe(12);
    expect(all.every(({ sent }) => sent.length === 1)).toBe(true);

    feeds.version = 2;
    await vi.advanceTimersByTimeAsync(500);
    expect(feeds.queries).toBe(14);
    expect(all.every(({ sent }) => sent.length === 2)).toBe(true);
  });

  test("serve a bounded number of streams each, and all of them at once after a deployment", async () => {
    const { feeds, streams } = setUp();
    const all = Array.from({ length: 900 }, createStream);
    for (const [number, { stream }] of all.entries()) streams.add(stream, viewer(number));
    await vi.advanceTimersByTimeAsync(100);
    expect(all.every(({ sent }) => sent.length === 1)).toBe(true);
    expect(feeds.queries).toBe(10);
  });

  test("stop with the last stream, and begin with the next one", async () => {
    const { feeds, streams } = setUp();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(feeds.queries).toBe(0);
    const [first, second] = [createStream(), createStream()];
    streams.add(first.stream, viewer(1));
    await vi.advanceTimersByTimeAsync(100);
    first.stream.end(0);
    const before = feeds.queries;
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(feeds.queries).toBe(before);
    streams.add(second.stream, viewer(2));
    await vi.advanceTimersByTimeAsync(100);
    expect(second.sent).toHaveLength(1);
  });

  test("report a failure, keep the streams, and continue at the same pace", async () => {
    const { feeds, errors, streams } = setUp();
    const { stream, sent } = createStream();
    feeds.isDown = true;
    streams.add(stream, viewer(1));
    await vi.advanceTimersByTimeAsync(2_100);
    expect(errors).toEqual(Array.from({ length: 5 }, () => "down"));
    feeds.isDown = false;
    await vi.advanceTimersByTimeAsync(500);
    expect(sent).toHaveLength(1);
    expect(stream.isOpen).toBe(true);
  });

  test("read nothing for a client that has not taken the last events, until it has", async () => {
    const { feeds, streams } = setUp();
    const { stream, sent } = createStream();
    streams.add(stream, viewer(1));
    await vi.advanceTimersByTimeAsync(100);
    stream.isFlushed = false;
    feeds.version = 2;
    const before = feeds.queries;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(feeds.queries).toBe(before + 10);
    expect(sent).toHaveLength(1);
    stream.isFlushed = true;
    await vi.advanceTimersByTimeAsync(500);
    expect(sent).toHaveLength(2);
  });
});

describe("the number of streams", () => {
  test("is bounded per process, without locking out a user who has the most", () => {
    const { streams } = setUp({ maxStreams: 8 });
    const all = Array.from({ length: 10 }, createStream);
    for (const { stream } of all.slice(0, 8)) streams.add(stream, viewer(1, "ada"));
    expect(() => streams.add(all[8]!.stream, viewer(2, "grace"))).toThrow("Temporarily unavailable");
    streams.add(all[9]!.stream, viewer(1, "ada"));
    expect(all.map(({ ends }) => ends)).toEqual([[60_000], ...Array.from({ length: 9 }, () => [])]);
    expect(streams.size).toBe(8);
  });

  test("is zero once the process closes, and clients return at different times", async () => {
    const { feeds, streams } = setUp();
    const all = Array.from({ length: 20 }, createStream);
    for (const [number, { stream }] of all.entries()) streams.add(stream, viewer(number));
    await vi.advanceTimersByTimeAsync(100);
    const before = feeds.queries;
    await streams.close();
    expect(streams.size).toBe(0);
    expect(new Set(all.flatMap(({ ends }) => ends)).size).toBe(20);
    expect(() => streams.add(createStream().stream, viewer(1))).toThrow("Temporarily unavailable");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(feeds.queries).toBe(before);
    expect(vi.getTimerCount()).toBe(0);
  });
});
