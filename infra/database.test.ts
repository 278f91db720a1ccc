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

// What an administrator's stop does to every connection, at different moments.
const SUICIDE = "SELECT pg_terminate_backend(pg_backend_pid())";

test.for<[string, () => Promise<unknown>]>([
  ["in a query", () => database.prisma.$queryRawUnsafe(SUICIDE)],
  ["in a transaction", () => database.prisma.$transaction((tx) => tx.$queryRawUnsafe(SUICIDE))],
  ["in a statement of a job", () => database.jobs.transaction((_tx, sql) => sql(SUICIDE, []))],
  ["outside", () => database.jobs.sql(SUICIDE, [])],
])("a connection that the server ends %s is a database that is away", async ([_when, work]) => {
  expect(isUnavailable(await errorOf(work()))).toBe(true);
});

test("a wrong statement is not", async () => {
  expect(isUnavailable(await errorOf(database.prisma.$queryRawUnsafe("SELECT wrong")))).toBe(false);
});
