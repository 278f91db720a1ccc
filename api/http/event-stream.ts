import type { Request, Response } from "express";
import { z } from "zod";

/**
 * The response of a route that sends events for as long as the client listens. Its handler returns a function that
 * takes the stream, and that may throw a Problem instead.
 */
export const eventStream = z.custom<(stream: EventStream) => void>();

/** An event, as https://html.spec.whatwg.org/multipage/server-sent-events.html defines it. */
export interface StreamEvent {
  name: string;
  /** What the client returns as Last-Event-ID when it reconnects. */
  id: number;
  data: unknown;
}

/** An open response of server-sent events. */
export interface EventStream {
  /** False once either side has ended it. */
  readonly isOpen: boolean;
  /** Whether the client's connection has taken everything. Send more only then, so that nothing accumulates here. */
  readonly isFlushed: boolean;
  send(events: readonly StreamEvent[]): void;
  /** Sends events that are text already, complete with their empty lines. */
  sendText(text: string): void;
  /** Ends the response. The client reconnects after `retry` milliseconds. */
  end(retry: number): void;
  /** Calls back when the stream has ended, from either side. */
  onEnd(listener: () => void): void;
}

/** Milliseconds between comments: they keep the connection open in proxies, and show whether the client reads. */
const HEARTBEAT = 15_000;
/** Milliseconds after which a client reconnects, unless `sendEvents` or `end` says otherwise. */
const RETRY = 2_000;

const HEADERS = {
  "Content-Type": "text/event-stream",
  // Proxies must neither store nor compress nor collect it: events would come late, or never.
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
};

/** Hands the stream of a response to `take`, and sends its headers if `take` does not throw. */
export const sendEvents = (
  request: Request,
  response: Response,
  take: (stream: EventStream) => void,
  { heartbeat = HEARTBEAT, retry = RETRY }: { heartbeat?: number; retry?: number } = {},
): void => {
  // The client may have gone while its session was checked. Its stream would never end.
  if (response.closed) return;
  if (request.method !== "HEAD") take(openStream(response, heartbeat));
  response.status(200).set(HEADERS);
  if (request.method === "HEAD") response.end();
  else response.write(retryIn(retry));
};

const openStream = (response: Response, heartbeat: number): EventStream => {
  let unsent = 0;
  let hasFlushed = true;
  const isOpen = () => !response.writableEnded && !response.destroyed;

  const write = (text: string) => {
    unsent += 1;
    response.write(text, () => {
      unsent -= 1;
      hasFlushed = true;
    });
  };

  /** A client that has taken nothing since the last heartbeat does not read. It resumes when it reconnects. */
  const beat = () => {
    if (!isOpen()) return;
    if (unsent > 0 && !hasFlushed) return void response.destroy();
    hasFlushed = false;
    if (unsent === 0) write(":\n\n");
  };
  const beats = setInterval(beat, heartbeat);
  response.on("close", () => clearInterval(beats));

  return {
    get isOpen() {
      return isOpen();
    },
    get isFlushed() {
      return unsent === 0;
    },
    send: (events) => {
      if (isOpen()) write(events.map(toText).join(""));
    },
    sendText: (text) => {
      if (isOpen()) write(text);
    },
    end: (retry) => {
      if (!isOpen()) return;
      // To a client that does not read, the last bytes would never go out.
      if (unsent > 0) response.destroy();
      else response.end(retryIn(retry));
    },
    onEnd: (listener) => void response.on("close", listener),
  };
};

const toText = ({ name, id, data }: StreamEvent) =>
  `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;

const retryIn = (milliseconds: number) => `retry: ${Math.round(milliseconds)}\n\n`;
