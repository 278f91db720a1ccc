import type { EventEmitter } from "node:events";
import type { RequestHandler } from "express";

/** Milliseconds between two events at least. */
const INTERVAL = 150;

type Source = Pick<EventEmitter<{ change: [] }>, "on" | "off">;

/** Server-sent events that make a page reload, when one of these has changed. */
export const notifyOf =
  (...sources: Source[]): RequestHandler =>
  (_request, response) => {
    const notify = atMostEvery(INTERVAL, () => response.write("data: changed\n\n"));
    response.set("Content-Type", "text/event-stream").flushHeaders();
    for (const source of sources) source.on("change", notify);
    response.on("close", () => {
      for (const source of sources) source.off("change", notify);
    });
  };

const atMostEvery = (ms: number, act: () => void) => {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      act();
    }, ms).unref();
  };
};
