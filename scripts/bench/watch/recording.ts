import { once } from "node:events";
import { createServer, get, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { OWN_PAGE } from "./system.ts";

/** What a stream of the live page sent. */
interface Part {
  /** Milliseconds since the beginning of the recording. */
  at: number;
  text: string;
}

/** Receives a stream for some time. */
export const record = async (url: string, seconds: number): Promise<readonly Part[]> => {
  const parts: Part[] = [];
  const startedAt = performance.now();
  const [response] = (await once(get(`${url}/watch/stream`, { headers: OWN_PAGE }), "response")) as [
    IncomingMessage,
  ];
  response.setEncoding("utf8");
  response.on("data", (text: string) => parts.push({ at: performance.now() - startedAt, text }));
  response.on("error", () => {}); // it is ended here
  await sleep(seconds * 1_000);
  response.destroy();
  return parts;
};

/** A server that passes everything on to the API, apart from the stream, which it plays as it was recorded. */
export const startPlayer = async (
  url: string,
  parts: readonly Part[],
): Promise<{ url: string } & AsyncDisposable> => {
  const play = async (response: ServerResponse) => {
    const startedAt = performance.now();
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    for (const { at, text } of parts) {
      await sleep(startedAt + at - performance.now());
      if (response.closed) return;
      response.write(text);
    }
  };
  const passOn = (from: IncomingMessage, to: ServerResponse) => {
    const { method, headers } = from;
    const onward = request(`${url}${from.url ?? ""}`, { method, headers }, (response) => {
      to.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(to);
    });
    onward.on("error", () => to.destroy());
    from.pipe(onward);
  };
  const server = createServer((from, to) => {
    if (/^\/watch\/stream(?:\?|$)/.test(from.url ?? "")) void play(to);
    else passOn(from, to);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
