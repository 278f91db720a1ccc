import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../../test/support/api/app.ts";

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
    const id = response.headers.get("x-request-id");
    expect(response.body["requestId"]).toBe(id);
    await expect.poll(() => app.logged.join()).toContain(id);
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

test("Expect: 100-continue is supported", async () => {
  const body = `{"email":"a@example.com"}`;
  const response = await send(
    `${post}${close}Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
    body,
  );
  expect(response).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 202 /);
});
