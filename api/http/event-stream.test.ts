import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import express, { type Response } from "express";
import { expect, test } from "vitest";
import { until } from "../../scripts/processes/until.ts";
import { type EventStream, sendEvents } from "./event-stream.ts";

const HEARTBEAT = 50;

/** A server whose only route is a stream. */
const createStreaming = async () => {
  const opened: { stream: EventStream; response: Response }[] = [];
  const app = express().get("/", (request, response) =>
    sendEvents(request, response, (stream) => void opened.push({ stream, response }), {
      heartbeat: HEARTBEAT,
    }),
  );
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    opened,
    first: () => until("a stream is open", () => opened[0]),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};

test("an idle stream gets a comment with each heartbeat, and an event is complete and on its own lines", async () => {
  await using server = await createStreaming();
  const response = await fetch(`http://127.0.0.1:${server.port}`);
  const { stream } = await server.first();
  stream.send([{ name: "greeting", id: 7, data: { text: "one\ntwo\r\n\n\u2028three" } }]);
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.endsWith(":\n\n:\n\n")) break;
  }
  const data = JSON.stringify({ text: "one\ntwo\r\n\n\u2028three" });
  expect(text).toBe(`retry: 2000\n\nevent: greeting\nid: 7\ndata: ${data}\n\n:\n\n:\n\n`);
});

test("a stream whose client does not read is dropped, with what it has not taken", async () => {
  await using server = await createStreaming();
  const client = connect(server.port, "127.0.0.1");
  client.pause().on("error", () => {}); // cut by the server
  client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
  const { stream, response } = await server.first();
  // More than the buffers of the operating system hold.
  stream.send([{ name: "large", id: 1, data: "x".repeat(32_000_000) }]);
  expect(stream.isFlushed).toBe(false);
  const waiting = response.writableLength;
  await until("it is dropped", () => !stream.isOpen);
  // No heartbeat was added to it meanwhile.
  expect(response.writableLength).toBeLessThanOrEqual(waiting);
  stream.send([{ name: "late", id: 2, data: null }]);
  stream.end(0);
  client.destroy();
});

test("a client that has gone before the stream opens leaves none", async () => {
  const request = { method: "GET" } as express.Request;
  const taken: EventStream[] = [];
  sendEvents(request, { closed: true } as Response, (stream) => void taken.push(stream));
  expect(taken).toEqual([]);
});

test("an ended stream says when its client may return, and calls back once", async () => {
  await using server = await createStreaming();
  const response = await fetch(`http://127.0.0.1:${server.port}`);
  const { stream } = await server.first();
  let ends = 0;
  stream.onEnd(() => (ends += 1));
  stream.end(1_234.5);
  stream.end(1);
  expect(await response.text()).toBe("retry: 2000\n\nretry: 1235\n\n");
  await until("the listener", () => ends === 1);
});
