import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "vitest";
import { until } from "../scripts/processes/until.ts";
import { traceIdOf } from "../workers/core/index.ts";
import { startCollector } from "../test/support/servers/otlp.ts";
import { createTracing } from "./tracing.ts";

const createLog = () => {
  const warnings: object[] = [];
  const ignore = () => {};
  return { warnings, log: { info: ignore, error: ignore, warn: (fields: object) => warnings.push(fields) } };
};
const open = (endpoint: string, ratio = 1) => {
  const { log, warnings } = createLog();
  const headers = { authorization: "key of the provider" };
  return { warnings, tracing: createTracing({ endpoint, headers, serviceName: "test", ratio, log }) };
};
const root = { kind: "server", parent: null } as const;

test.concurrent("closing sends what is left, with the configured headers", async ({ expect }) => {
  await using collector = await startCollector();
  const { tracing } = open(collector.url);
  await tracing.during("outer", root, () => tracing.during("inner", { kind: "client" }, async () => {}));
  await tracing.close();
  const [inner, outer] = collector.spans;
  expect(inner).toMatchObject({ name: "inner", parentSpanId: outer?.spanId, traceId: outer?.traceId });
  expect(collector.headers).toMatchObject({ authorization: "key of the provider" });
});

test.concurrent("of an error, only the code is recorded", async ({ expect }) => {
  await using collector = await startCollector();
  const { tracing } = open(collector.url);
  const error = Object.assign(new Error("550 no mailbox ada@example.com"), { code: "EENVELOPE" });
  await expect(tracing.during("SMTP send", root, () => Promise.reject(error))).rejects.toBe(error);
  await tracing.close();
  expect(collector.spans).toMatchObject([{ failed: true, attributes: { "error.type": "EENVELOPE" } }]);
  expect(JSON.stringify(collector.spans)).not.toContain("ada@example.com");
});

test.concurrent("what is not sampled is not sent, and neither is what it leads to", async ({ expect }) => {
  await using collector = await startCollector();
  const [off, on] = [open(collector.url, 0).tracing, open(collector.url, 1).tracing];
  const traceparent = await off.during("request", root, async () => off.current()!);
  expect(traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
  const run = on.past("run", 5, { kind: "consumer", parent: traceparent });
  expect(traceIdOf(run)).toBe(traceIdOf(traceparent));
  await Promise.all([off.close(), on.close()]);
  expect(collector.spans).toEqual([]);
});

test.concurrent("links that are not traceparents are left out", async ({ expect }) => {
  await using collector = await startCollector();
  const { tracing } = open(collector.url);
  const links = [`00-${"0".repeat(32)}-${"1".repeat(16)}-01`, "anything", ""];
  await tracing.during("request", { ...root, links }, async () => {});
  await tracing.close();
  expect(collector.spans).toMatchObject([{ links: [] }]);
});

test.concurrent("a collector that is down costs spans and one warning", async ({ expect }) => {
  const { tracing, warnings } = open("http://127.0.0.1:9");
  for (let span = 0; span < 20_000; span++) tracing.past("run", 1, root);
  const began = performance.now();
  expect(await tracing.during("request", root, async () => "answered")).toBe("answered");
  expect(performance.now() - began).toBeLessThan(500);
  await tracing.close();
  expect(performance.now() - began).toBeLessThan(5_000);
  await until("the warning", async () => warnings.length > 0);
  expect(JSON.stringify(warnings)).not.toContain("key of the provider");
});

test.concurrent("a collector that does not respond delays the end by two seconds", async ({ expect }) => {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { tracing } = open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await tracing.during("request", root, async () => {});
  await Promise.race([tracing.close(), sleep(5_000).then(() => expect.fail("still closing"))]);
  server.close();
});
