import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { freePort, portProblems, urlHost } from "./ports.ts";

const local = "127.0.0.1";

test("a free port has no problem, and a port in use is reported with its variable", async () => {
  const port = await freePort();
  expect(await portProblems({ PORT: port }, local)).toEqual([]);

  const otherServer = createServer().listen(port, local);
  await once(otherServer, "listening");
  expect(await portProblems({ PORT: port, HEALTH_PORT: await freePort() }, local)).toEqual([
    `Port ${port} is in use: set PORT to a free one.`,
    "Is Offstage already running?",
  ]);
  otherServer.close();
});

test.each(["999.1.1.1", "203.0.113.1", "no-such-machine.invalid"])(
  "a host that is not this machine is reported once: %s",
  async (host) => {
    expect(await portProblems({ PORT: await freePort(), HEALTH_PORT: await freePort() }, host)).toEqual([
      `HOST is ${host}, which is not an address of this machine: use one of its addresses, or 0.0.0.0 for all.`,
    ]);
  },
);

test("port 0 and a port used twice are reported", async () => {
  const port = await freePort();
  expect(await portProblems({ PORT: 0, HEALTH_PORT: 0 }, local)).toEqual([
    "PORT is 0: set it to the number of a port.",
    "HEALTH_PORT is 0: set it to the number of a port.",
  ]);
  expect(await portProblems({ PORT: port, DATABASE_PORT: port }, local)).toEqual([
    `PORT and DATABASE_PORT are both ${port}: change one of them.`,
  ]);
});

test("browsers block some ports, which only SMTP and PostgreSQL may use", async () => {
  expect(await portProblems({ SANDBOX_SMTP_PORT: 4_190 }, local)).toEqual([]);
  expect(await portProblems({ SANDBOX_HTTP_PORT: 4_190 }, local)).toEqual([
    "Browsers block port 4190: set SANDBOX_HTTP_PORT to another one.",
  ]);
});

test("a URL has the host that the server listens on, and 127.0.0.1 if it listens on every address", () => {
  expect(["127.0.0.1", "192.168.1.5", "localhost"].map(urlHost)).toEqual([
    "127.0.0.1",
    "192.168.1.5",
    "localhost",
  ]);
  expect(["0.0.0.0", "::", "::1"].map(urlHost)).toEqual(["127.0.0.1", "127.0.0.1", "[::1]"]);
});
