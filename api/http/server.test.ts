import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { RequestListener, ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLogger } from "../../infra/logging.ts";
import { until } from "../../scripts/processes/until.ts";
import { createTestApp, type TestApp } from "../../test/support/api/app.ts";
import { createApiServer } from "./server.ts";

const silent = createLogger("test", "silent", { write: () => {} });

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app[Symbol.asyncDispose]());

/** Sends bytes and resolves with the response when the server has closed the connection. */
const send = async (...parts: string[]): Promise<string> => {
  const { hostname, port } = new URL(app.url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, "connect");
  const responded = text(socket);
  for (const part of parts) socket.write(part);
  return responded;
};

const ask = async (...parts: string[]) => {
  const [head = "", body = ""] = (await send(...parts)).split("\r\n\r\n");
  const [line = "", ...lines] = head.split("\r\n");
  const headers = new Headers(lines.map((each) => each.split(": ") as [string, string]));
  return { status: Number(line.split(" ")[1]), headers, body: JSON.parse(body) as Record<string, unknown> };
};

const post = "POST /v1/password/forgot HTTP/1.1\r\nHost: app.test\r\nContent-Type: application/json\r\n";
const close = "Connection: close\r\n";

describe("requests that Node rejects get the usual error format", () => {
  test.each([
    ["another protocol", "EHLO app.test\r\n\r\n", 400, "bad-request"],
    ["a malformed header", "GET / HTTP/1.1\r\nHost: app.test\r\nnonsense\r\n\r\n", 400, "bad-request"],
    ["no Host", `GET / HTTP/1.1\r\n${close}\r\n`, 400, "bad-request"],
    [
      "large headers",
      `GET / HTTP/1.1\r\nHost: app.test\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
      431,
      "headers-too-large",
    ],
    ["an unknown expectation", `${post}${close}Expect: a-miracle\r\n\r\n`, 417, "expectation-failed"],
    ["two lengths", `${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n`, 400, "bad-request"],
    ["a broken chunk", `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, "bad-request"],
  ])("%s", async (_what, request, status, name) => {
    const response = await ask(request);
    expect([response.status, response.body["type"]]).toEqual([status, `/problems/${name}`]);
    expect(response.body).toMatchObject({ status, title: expect.any(String) });
    expect(response.headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("connection")).toBe("close");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("strict-transport-security")).toContain("max-age=31536000");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    const id = response.headers.get("x-request-id");
    expect(response.body["requestId"]).toBe(id);
    await expect.poll(() => app.logged.join()).toContain(id);
  });

  test("TRACE", async () => {
    const secret = "Cookie: session=s3cret\r\n";
    const response = await send(`TRACE /v1/me HTTP/1.1\r\nHost: app.test\r\n${secret}${close}\r\n`);
    expect(response).toMatch(/^HTTP\/1.1 405 /);
    expect(response).not.toContain("s3cret");
  });

  test("a slow JSON body", async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const responded = text(socket);
    socket.write(`${post}Content-Length: 1000\r\n\r\n{`);
    const drip = setInterval(() => socket.write(" "), 500);
    socket.on("error", () => {}).on("end", () => clearInterval(drip));
    const response = await responded;
    expect(response).toMatch(/^HTTP\/1.1 408 [^]*\r\nConnection: close\r\n[^]*\/problems\/request-timeout/);
  });
});

describe("a connection without a request", () => {
  const bare: RequestListener = (_request, response) => void response.end("done");
  const listen = async (keepAlive: number, listener = bare) => {
    const { server, close } = createApiServer(listener, silent, keepAlive);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
    const received: string[] = [];
    socket.setEncoding("utf8").on("data", (chunk: string) => received.push(chunk));
    const ask = async () => {
      const earlier = received.length;
      socket.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
      await until("a response", async () => received.length > earlier);
      return received.slice(earlier).join("");
    };
    return { server, close, socket, ask };
  };

  test("stays open for ten minutes and longer, as the documentation says", async () => {
    const { headers } = await app.request.get("/healthz").set("Connection", "keep-alive");
    expect(headers["keep-alive"]).toBe("timeout=620");
    expect(readFileSync(new URL("../../.env.example", import.meta.url), "utf8")).toContain(
      "KEEP_ALIVE_TIMEOUT_MS=620000",
    );
  });

  test("is used again within the time that the server announces, and closed after it", async () => {
    const { close, socket, ask } = await listen(1_000);
    expect(await ask()).toMatch(/\r\nKeep-Alive: timeout=1\r\n/);
    expect(await ask()).toMatch(/done$/);
    const began = performance.now();
    await once(socket, "end");
    expect(performance.now() - began).toBeGreaterThan(900);
    await close(0);
  });

  test("does not delay the end of the server", async () => {
    const { close, socket, ask } = await listen(600_000);
    await ask();
    await Promise.all([close(60_000), once(socket, "end")]);
  });

  test("closes after a request that was running when the server began to close", async () => {
    const running = Promise.withResolvers<ServerResponse>();
    const { close, socket, ask } = await listen(600_000, (_request, response) => running.resolve(response));
    const answer = ask();
    const response = await running.promise;
    const ended = once(socket, "end");
    const closed = close(60_000);
    response.end("late");
    expect(await answer).toMatch(/\r\nConnection: close\r\n[^]*late$/);
    await Promise.all([closed, ended]);
  });

  test("closes after a response whose headers were sent before", async () => {
    const running = Promise.withResolvers<ServerResponse>();
    const { close, socket, ask } = await listen(600_000, (_request, response) => {
      response.write("first");
      running.resolve(response);
    });
    await ask();
    const ended = once(socket, "end");
    const closed = close(60_000);
    (await running.promise).end("last");
    await Promise.all([closed, ended]);
  });

  test("is cut when its request has not ended in time", async () => {
    const { close, socket, ask } = await listen(
      600_000,
      (_request, response) => void response.write("first"),
    );
    await ask();
    await Promise.all([close(50), once(socket, "close")]);
  });
});

test("Expect: 100-continue is supported", async () => {
  const body = `{"email":"a@example.com"}`;
  const response = await send(
    `${post}${close}Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
    body,
  );
  expect(response).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 202 /);
});
