import express from "express";
import { pinoHttp } from "pino-http";
import supertest from "supertest";
import { expect, test } from "vitest";
import { createLogger } from "../../infra/logging.ts";
import { warnOfUncountedProxy } from "./uncounted-proxy.ts";

const warningsAfter = async (trustProxy: number, ...requests: Record<string, string>[]) => {
  const logged: string[] = [];
  const logger = createLogger("test", "warn", { write: (line) => void logged.push(line) });
  const app = express()
    .use(pinoHttp({ logger, autoLogging: false, serializers: { req: () => ({}) } }))
    .use(warnOfUncountedProxy(trustProxy))
    .use((_request, response) => void response.end());
  for (const headers of requests) expect((await supertest(app).get("/").set(headers)).status).toBe(200);
  return logged;
};

test.each<Record<string, string>>([{ "X-Forwarded-For": "192.0.2.1" }, { Forwarded: "for=192.0.2.1" }])(
  "%o without TRUST_PROXY is logged once, with the variable and without the address",
  async (headers) => {
    const warnings = await warningsAfter(0, {}, headers, headers);
    expect(warnings).toHaveLength(1);
    expect(JSON.parse(warnings[0] ?? "")).toMatchObject({
      level: "warn",
      msg: expect.stringContaining("Set TRUST_PROXY"),
    });
    expect(warnings[0]).not.toContain("192.0.2.1");
  },
);

test("nothing is logged without a proxy, or with a counted one", async () => {
  expect(await warningsAfter(0, {})).toEqual([]);
  expect(await warningsAfter(1, { "X-Forwarded-For": "192.0.2.1" })).toEqual([]);
});
