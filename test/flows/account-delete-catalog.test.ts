import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { v7 as uuidv7 } from "uuid";
import { tablesOf, userData } from "../../workers/wiring/user-data/list.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { accountDeletion, createDeletions } from "../support/api/deletion.ts";
import { brokerContent, tablesContent } from "../support/core/broker-content.ts";
import { until } from "../../scripts/processes/until.ts";
import { createPeople } from "../support/api/people.ts";
import { fillTables, foldersOf } from "../support/accounts/fill.ts";
import { findReferences, rowsReachedFrom, type Reference } from "../support/accounts/references.ts";

let app: TestApp;
let references: Reference[];
beforeAll(async () => {
  app = await createTestApp({ modules: [accountDeletion], accountDeletionGrace: 0 });
  references = await findReferences(app.core.sql);
});
afterAll(() => app[Symbol.asyncDispose]());

/** Not of a user: the ledger's own, and the receipts. */
const others = ["AccountDeletion"];

test("every table that refers to a user, directly or through others, is in the list of the deletion", () => {
  const direct = references
    .filter(({ to, from }) => to === "User" && !others.includes(from))
    .map(({ from, column }) => `${from}.${column}`);
  const listed = userData.flatMap(({ references: own }) =>
    own.map(([table, column]) => `${table}.${column}`),
  );
  expect(direct.toSorted()).toEqual(listed.toSorted());

  const reached = new Set(["User"]);
  for (let size = 0; size !== reached.size;) {
    size = reached.size;
    for (const { from, to } of references) if (reached.has(to) && !others.includes(from)) reached.add(from);
    // What a user owns through a membership.
    if (reached.has("ProjectMember")) reached.add("Project");
  }
  reached.delete("User");
  const covered = userData.filter(({ remove }) => remove).flatMap(tablesOf);
  expect([...reached].toSorted()).toEqual(
    [...new Set(covered)].filter((table) => table !== "Job").toSorted(),
  );
});

test("every column that holds the id of a user has a foreign key, or a place in the list", async () => {
  const columns = await app.core.sql<{ name: string }>(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
      WHERE table_schema = 'public' AND udt_name IN ('uuid', 'text')
        AND column_name ~* '(user|owner|author|assignee|creator|actor|inviter|member|By)(Id|ById)?$'`,
    [],
  );
  const known = references.filter(({ to }) => to === "User").map(({ from, column }) => `${from}.${column}`);
  const noUser = ["Job.startedBy"]; // a worker process
  const kept = ["AdminAction.userId", "JobPause.by"]; // of administrators, see docs/account-data.md
  expect(
    columns.map(({ name }) => name).filter((name) => ![...known, ...noUser, ...kept].includes(name)),
  ).toEqual([]);
});

test("nothing of the user is left in any table, and a bystander's rows are as they were", async () => {
  const people = createPeople(app);
  const deletions = createDeletions(app);
  const ids: string[] = [];
  for (const email of ["catalogued@example.com", "bystander@example.com"]) {
    await people.verified(email);
    ids.push(await deletions.idOf(email));
  }
  const [userId, bystanderId] = ids as [string, string];
  await fillTables(app, userId, uuidv7());
  await fillTables(app, bystanderId, uuidv7());
  const person = people.person("catalogued@example.com");
  const session = await people.as(person);

  const filled = new Set(Object.keys(await rowsReachedFrom(app.core.sql, references, userId)));
  const tables = new Set(
    references.map(({ from }) => from).filter((table) => table !== "Job" && !others.includes(table)),
  );
  expect([...tables].filter((table) => !filled.has(table))).toEqual([]);
  const before = await rowsReachedFrom(app.core.sql, references, bystanderId);
  const files = await foldersOf(app, bystanderId);
  expect(files).toHaveLength(3);

  const mine = await rowsReachedFrom(app.core.sql, references, userId);
  const folders = await foldersOf(app, userId);
  expect(folders).toHaveLength(3);
  expect((await deletions.request(session, person)).status).toBe(202);
  await deletions.finished(
    (await deletions.of(userId).catch(() => app.core.database.prisma.accountDeletion.findFirstOrThrow())).id,
  );
  await app.mailTo(person.email, "Your account is deleted");

  const left = Object.entries(mine).flatMap(([table, rows]) => rows.map(({ key }) => [table, key] as const));
  for (const [table, key] of left) {
    if (table === "AccountDeletion") continue;
    const found = await app.core.sql(`SELECT FROM "${table}" t WHERE ${key}`, []);
    expect([table, key, found.length]).toEqual([table, key, 0]);
  }
  for (const folder of folders) expect(await listed(folder)).toEqual([]);

  const { sql, queueUrl } = app.core;
  await until("the address is gone", async () => {
    const sealed = await app.core.database.prisma.accountDeletion.count({
      where: { sealedAddress: { not: null } },
    });
    return sealed === 0;
  });
  const places = {
    database: await tablesContent(sql, "public"),
    broker: await brokerContent(queueUrl, sql),
    log: app.logged.join("\n") + JSON.stringify(app.core.logged),
    databaseLog: await readFile(inject("postgresLog"), "utf8"),
  };
  for (const [place, content] of Object.entries(places)) {
    expect(content.length).toBeGreaterThan(100);
    expect([place, content.includes(person.email)]).toEqual([place, false]);
  }
  expect(places.database.includes(userId)).toBe(false);

  expect(await rowsReachedFrom(app.core.sql, references, bystanderId)).toEqual(before);
  for (const folder of files) expect(await listed(folder)).toHaveLength(2);
});

const listed = async (folder: string) => {
  const keys: string[] = [];
  for await (const key of app.files.storage.list(folder)) keys.push(key);
  return keys;
};
