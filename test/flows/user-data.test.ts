import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tablesOf, userData } from "../../workers/wiring/user-data/list.ts";
import { createCore, type Core } from "../support/core/core.ts";

let core: Core;
beforeAll(async () => {
  core = await createCore();
});
afterAll(() => core[Symbol.asyncDispose]());

/** Every table that is connected with User by foreign keys, whichever refers to which. */
const findTables = async (): Promise<string[]> => {
  const rows = await core.sql<{ name: string }>(
    `WITH RECURSIVE edge AS (
       SELECT conrelid AS one, confrelid AS other FROM pg_constraint WHERE contype = 'f'
       UNION ALL SELECT confrelid, conrelid FROM pg_constraint WHERE contype = 'f'
     ), reached AS (
       SELECT '"User"'::regclass::oid AS oid
       UNION SELECT edge.other FROM edge JOIN reached ON reached.oid = edge.one
     )
     SELECT relname AS name FROM reached JOIN pg_class USING (oid) ORDER BY 1`,
    [],
  );
  return rows.map(({ name }) => name);
};

/** The tables that no entry of the list covers. */
const findForgotten = async (): Promise<string[]> => {
  const covered = new Set(userData.flatMap(tablesOf));
  return (await findTables()).filter((name) => !covered.has(name));
};

test("every table that is connected with users is in the list", async () => {
  expect(await findTables()).toEqual(expect.arrayContaining(["Session", "UploadFile", "TaskChange", "User"]));
  expect(await findForgotten()).toEqual([]);
});

test("a new table that refers to users through another is reported by its name", async () => {
  await core.sql(`CREATE TABLE "Forgotten" ("commentId" uuid REFERENCES "Comment")`, []);
  expect(await findForgotten()).toEqual(["Forgotten"]);
  await core.sql(`DROP TABLE "Forgotten"`, []);
});

test("every column of what is exported is in the export, or the list says why not", async () => {
  const exported = userData.flatMap(({ read = [] }) => read);
  const columns = await core.sql<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns
      WHERE table_schema = 'public' AND table_name = ANY ($1::text[]) ORDER BY 1, 2`,
    [[...new Set(exported.map(({ table }) => table))]],
  );
  expect(columns.length).toBeGreaterThan(100);
  const explained = new Set(
    exported.flatMap(({ table, columns: names, omitted = {} }) => [
      ...names.map((name) => `${table}.${typeof name === "string" ? name : name[0]}`),
      ...Object.keys(omitted).map((name) => `${table}.${name}`),
    ]),
  );
  const unexplained = columns.map(({ table, column }) => `${table}.${column}`);
  expect(unexplained.filter((column) => !explained.has(column))).toEqual([]);
});

test("an entry exports something of its tables, or says why not", () => {
  for (const entry of userData) {
    const { name, read = [], notExported } = entry;
    expect([name, read.length > 0 || Boolean(notExported)]).toEqual([name, true]);
    for (const { table } of read) expect(tablesOf(entry)).toContain(table);
  }
  const paths = userData.flatMap(({ read = [] }) => read.map(({ file }) => file));
  expect(new Set(paths).size).toBe(paths.length);
});

const documentation = join(import.meta.dirname, "../../docs/account-data.md");

/** The tables of the documentation, as the list says them. */
const expectedRows = (): string[] => [
  ...userData.map((entry) => {
    const { name, read = [], notExported = "" } = entry;
    return toRow(name, code(tablesOf(entry)), code(read.map(({ file }) => `${file}.json`)), notExported);
  }),
  ...userData.flatMap(({ read = [] }) =>
    read.flatMap(({ table, omitted = {} }) =>
      Object.entries(omitted).map(([column, why]) => toRow(code([`${table}.${column}`]), why)),
    ),
  ),
];

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");
const toRow = (...cells: string[]) => `| ${cells.join(" | ")} |`.replaceAll(/ {2,}/g, " ");

test("docs/account-data.md says what the list says", async () => {
  const rows = (await readFile(documentation, "utf8"))
    .split("\n")
    .filter((line) => /^\| (?!data |column |-)/.test(line))
    .map((line) => line.replaceAll(/ {2,}/g, " "));
  expect(rows).toEqual([...new Set(expectedRows())]);
});
