import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../infra/database.ts";
import { openBroker } from "../../workers/core/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/core/database.ts";
import { createProxy } from "../support/servers/proxy.ts";

/** The message that PostgreSQL sends on every connection when it is stopped. */
const fields = ["SFATAL", "VFATAL", "C57P01", "Mterminating connection due to administrator command", ""];
const text = Buffer.from(fields.map((field) => `${field}\0`).join(""));
const shutdownMessage = Buffer.concat([Buffer.from("E\0\0\0\0"), text]);
shutdownMessage.writeUInt32BE(shutdownMessage.length - 1, 1);

/** The message that ends every response, without its last byte, the transaction status. */
const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5]);
const endsResponse = (chunk: Buffer) => chunk.subarray(-6, -1).equals(readyForQuery);

let owned: TestDatabase;
beforeAll(async () => {
  owned = await createTestDatabase();
});
afterAll(() => owned.drop());

/** A proxy for the test's database that behaves like a server that is stopped right after its nth response. */
const stoppedAfter = async (responses: number) => {
  const url = new URL(owned.url);
  const proxy = await createProxy(Number(url.port), (chunk, client) => {
    if (!endsResponse(chunk) || responses-- > 1) client.write(chunk);
    else client.end(Buffer.concat([chunk, shutdownMessage]));
  });
  url.port = `${proxy.port}`;
  return { url: url.href, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
};

const nth = [1, 2, 3, 4, 5, 6, 7, 8];

// An `error` event without a listener would end the process, and this test with it.
test.for(nth)("every call settles when the database is stopped after %i responses", async (responses) => {
  await using server = await stoppedAfter(responses);
  const database = openDatabase(server.url, 3, () => {});
  const calls = [
    database.ping(),
    database.prisma.user.count(),
    database.jobs.transaction(async (tx, sql) => [await sql("SELECT 1", []), await tx.user.count()]),
  ];
  const settled = await Promise.allSettled(calls);
  await database.close();
  expect(settled).toHaveLength(calls.length);
});

test.for(nth)("every call settles when the broker is stopped after %i responses", async (responses) => {
  await using server = await stoppedAfter(responses);
  const broker = openBroker(server.url, "test", () => {});
  const calls = [broker.ping(), broker.queue("words").add("words", {}), broker.marks.isSet("whole")];
  const settled = await Promise.allSettled(calls);
  await broker.close();
  expect(settled).toHaveLength(calls.length);
});
