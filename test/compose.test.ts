import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";

// The health check of the containers, as docker compose passes it to bash.
const file = await readFile(join(import.meta.dirname, "../docker-compose.yml"), "utf8");
const healthCheck = /^x-ask: &ask \|\n((?: .*\n)+)/m.exec(file)![1]!.replaceAll("$$", "$");

/** Whether the health check passes for a server that responds with this status, or does not respond. */
const isHealthy = async (status?: number): Promise<boolean> => {
  const server = createServer(
    ({ url }, response) => status && response.writeHead(url === "/healthz" ? status : 404).end(),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const healthy = await new Promise<boolean>((resolve) => {
    execFile("bash", ["-c", healthCheck, String(port), "/healthz"], (error) => resolve(!error));
  });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return healthy;
};

test("the health check passes for 2xx only", async () => {
  expect(await isHealthy(200)).toBe(true);
  expect(await isHealthy(204)).toBe(true);
  expect(await isHealthy(404)).toBe(false);
  expect(await isHealthy(503)).toBe(false);
});

test("the health check times out", async () => {
  expect(await isHealthy()).toBe(false);
});
