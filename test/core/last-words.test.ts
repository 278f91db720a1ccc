import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../infra/database.ts";
import { openBroker } from "../../workers/core/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/core/database.ts";
import { createProxy } from "../support/servers/proxy.ts";

/** What PostgreSQL says to every connection when it is stopped. */
const fields = ["SFATAL", "VFATAL", "C57P01", "Mterminating connection due to administrator command", ""];
const text = Buffer.from(fields.map((field) => `${field}\0`).join(""));
const goodbye = Buffer.concat([Buffer.from("E\0\0\0\0"), text]);
goodbye.writeUInt32BE(goodbye.length - 1, 1);

/** The end of a complete answer, but for one byte that reports whether a transaction is open. */
const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5]);
const isWhole = (chunk: Buffer) => chunk.subarray(-6, -1).equals(readyForQuery);

let owned: TestDatabase;
beforeAll(async () => {
  owned = await createTestDatabase();
});
afterAll(() => owned.drop());

/** Before the test's database, a server that is stopped at the moment in which it has answered for the nth time. */
const stoppedAfter = async (answers: number) => {
  const url = new URL(owned.url);
  const proxy = await createProxy(Number(url.port), (chunk, client) => {
    if (!isWhole(chunk) || answers-- > 1) client.write(chunk);
    else client.end(Buffer.concat([chunk, goodbye]));
  });
  url.port = `${proxy.port}`;
  return { url: url.href, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
};

const nth = [1, 2, 3, 4, 5, 6, 7, 8];

// An `error` event that no one listens to would end the process, and this test with it.
test.for(nth)("a database that is stopped after %i answers ends nothing but its calls", async (answers) => {
  await using server = await stoppedAfter(answers);
  const database = openDatabase(server.url, 3, () => {});
  const calls = [
    database.ping(),
    database.prisma.user.count(),
    database.jobs.transaction(async (tx, sql) => [await sql("SELECT 1", []), await tx.user.count()]),
  ];
  const ended = await Promise.allSettled(calls);
  await database.close();
  expect(ended).toHaveLength(calls.length);
});

test.for(nth)("a broker that is stopped after %i answers ends nothing but its calls", async (answers) => {
  await using server = await stoppedAfter(answers);
  const broker = openBroker(server.url, "test", () => {});
  const calls = [broker.ping(), broker.queue("words").add("words", {}), broker.marks.isSet("whole")];
  const ended = await Promise.allSettled(calls);
  await broker.close();
  expect(ended).toHaveLength(calls.length);
});
