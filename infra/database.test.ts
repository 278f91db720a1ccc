import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test/support/core/database.ts";
import { type Database, isUnavailable, openDatabase } from "./database.ts";

let owned: TestDatabase;
let database: Database;
beforeAll(async () => {
  owned = await createTestDatabase();
  database = openDatabase(owned.url, 5, () => {});
});
afterAll(async () => {
  await database.close();
  await owned.drop();
});

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => "no error",
    (error: unknown) => error,
  );

// Ends the connection, as a restart of the server does.
const TERMINATE = "SELECT pg_terminate_backend(pg_backend_pid())";

test.for<[string, () => Promise<unknown>]>([
  ["in a query", () => database.prisma.$queryRawUnsafe(TERMINATE)],
  ["in a transaction", () => database.prisma.$transaction((tx) => tx.$queryRawUnsafe(TERMINATE))],
  ["in a statement of a job", () => database.jobs.transaction((_tx, sql) => sql(TERMINATE, []))],
  ["outside a transaction", () => database.jobs.sql(TERMINATE, [])],
])("a connection that the server ends %s counts as unavailable", async ([_when, work]) => {
  expect(isUnavailable(await errorOf(work()))).toBe(true);
});

test("an invalid statement does not count as unavailable", async () => {
  expect(isUnavailable(await errorOf(database.prisma.$queryRawUnsafe("SELECT wrong")))).toBe(false);
});
