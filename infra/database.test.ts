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

const raise = (code: string) =>
  `DO $$ BEGIN RAISE EXCEPTION 'as a server does' USING ERRCODE = '${code}'; END $$`;

test.for([
  ...["08006", "25006", "25P03", "26000", "28P01", "3D000", "40001", "40P01", "42P05", "53100", "53300"],
  ...["55P03", "57014", "57P01", "57P03", "57P05", "58030"],
])("PostgreSQL's code %s counts as unavailable", async (code) => {
  for (const work of [
    () => database.jobs.sql(raise(code), []),
    () => database.prisma.$executeRawUnsafe(raise(code)),
    () => database.prisma.$transaction((tx) => tx.$executeRawUnsafe(raise(code))),
  ])
    expect(isUnavailable(await errorOf(work()))).toBe(true);
});

test.for(["22P02", "23505", "25P02", "42P01", "XX000"])(
  "PostgreSQL's code %s does not count as unavailable",
  async (code) => {
    expect(isUnavailable(await errorOf(database.jobs.sql(raise(code), [])))).toBe(false);
    expect(isUnavailable(await errorOf(database.prisma.$executeRawUnsafe(raise(code))))).toBe(false);
  },
);

test("a write in a read-only transaction of Prisma's counts as unavailable", async () => {
  const write = database.prisma.$transaction(async (tx) => {
    await tx.$executeRawUnsafe("SET TRANSACTION READ ONLY");
    await tx.throttle.deleteMany();
  });
  expect(isUnavailable(await errorOf(write))).toBe(true);
});
