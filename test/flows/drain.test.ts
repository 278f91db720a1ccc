import { Agent, get } from "node:http";
import { expect, test } from "vitest";
import { createSystem } from "../support/chaos/system.ts";
import { startProcess } from "../../scripts/processes/project-process.ts";
import { until } from "../../scripts/processes/until.ts";

interface Outcome {
  status: number | undefined;
  connection: string | undefined;
}

test("on SIGTERM, readiness fails first, requests complete, then connections close and the process exits", async () => {
  await using system = await createSystem();
  await using api = startProcess("api/main.ts", { ...system.env, DRAIN_DELAY_MS: "1500" });
  await api.wrote("listening");
  const agent = new Agent({ keepAlive: true });
  const send = (path: string): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      get(system.apiUrl + path, { agent }, (response) => {
        response.resume().on("end", () => {
          resolve({ status: response.statusCode, connection: response.headers.connection });
        });
      }).on("error", reject);
    });

  expect(await send("/readyz")).toEqual({ status: 200, connection: "keep-alive" });
  const began = Date.now();
  const ended = api.kill("SIGTERM");
  await until("readiness fails", async () => (await send("/readyz")).status === 503);
  expect(await send("/healthz")).toEqual({ status: 200, connection: "close" });
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(Date.now() - began).toBeGreaterThan(1_400);
  expect(Date.now() - began).toBeLessThan(10_000);
  await expect(send("/healthz")).rejects.toThrow();
  agent.destroy();
});
