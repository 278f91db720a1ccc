import { once } from "node:events";
import type { Server } from "node:http";
import express from "express";
import { afterAll, beforeAll, expect, it } from "vitest";
import { allowFrames } from "./frames.ts";

const ID = "0193a000-0000-7000-8000-00000000f3a1";
const POLICY = "default-src 'none';frame-ancestors 'none'";
const app = express()
  .use((_request, response, next) => {
    response.set("Content-Security-Policy", POLICY);
    next();
  })
  .use(allowFrames((_request, response) => void response.end()));
let server: Server;

beforeAll(async () => {
  server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => void server.close());

const policyOf = async (path: string) => {
  const { port } = server.address() as { port: number };
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return response.headers.get("Content-Security-Policy");
};

it("lets own pages frame the PDF of a report, and nothing else", async () => {
  expect(await policyOf(`/v1/reports/${ID}/pdf`)).toBe("default-src 'none';frame-ancestors 'self'");
  for (const path of ["/", `/v1/reports/${ID}`, `/v1/reports/${ID}/pdf/x`, "/v1/account"])
    expect(await policyOf(path)).toBe(POLICY);
});
