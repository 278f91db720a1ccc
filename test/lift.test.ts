import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import pg from "pg";
import { expect, test } from "vitest";
import { createSandbox } from "../sandbox/sandbox.ts";
import { until } from "../scripts/processes/until.ts";
import { createTestDatabase } from "./support/core/database.ts";
import { createPhones } from "./support/push/phones.ts";

const root = join(import.meta.dirname, "..");
const userId = "0190c9a0-0000-7000-8000-000000000001";

/** The program in a section of the guide. */
const programIn = async (section: string): Promise<string> => {
  const guide = await readFile(join(root, "docs/lift-a-module.md"), "utf8");
  const found = guide.split(/^## /m).find((each) => each.startsWith(`${section}\n`));
  return /```ts\n([^]*?)```/.exec(found ?? "")?.[1] ?? "throw new Error('no program')";
};

/** A folder with what the guide says to copy. */
const createApp = async (
  cleanups: AsyncDisposableStack,
  section: string,
  copied: string[],
): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "offstage-lift-"));
  cleanups.defer(() => rm(folder, { recursive: true, maxRetries: 5 }));
  const filter = (file: string) => !file.endsWith(".test.ts");
  for (const each of copied) await cp(join(root, each), join(folder, each), { recursive: true, filter });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), `{"type":"module"}`);
  await writeFile(join(folder, "app.ts"), await programIn(section));
  return folder;
};

test("push-notify runs in an application of its own, as the guide says", async () => {
  await using cleanups = new AsyncDisposableStack();
  const database = cleanups.adopt(await createTestDatabase(), ({ drop }) => drop());
  const sandbox = cleanups.adopt(
    await createSandbox({ host: "127.0.0.1", smtpPort: 0, httpPort: 0 }),
    ({ close }) => close(),
  );
  const sandboxUrl = `http://127.0.0.1:${sandbox.httpPort}`;
  const client = new pg.Client(database.url);
  await client.connect();
  await client.query(
    `INSERT INTO "User" (id, email, name, "passwordHash") VALUES ($1, 'ada@app.example', 'Ada', '')`,
    [userId],
  );
  await client.query(
    `INSERT INTO "PushDevice" (id, "userId", token, platform)
     SELECT gen_random_uuid(), $1, token, 'WEB' FROM unnest('{phone,gone-phone}'::text[]) token`,
    [userId],
  );

  const folder = await createApp(cleanups, "push-notify", [
    "workers/core",
    "workers/push-notify",
    "infra/push",
  ]);
  const env = {
    PATH: process.env["PATH"],
    DATABASE_URL: database.url,
    FCM_SANDBOX_URL: sandboxUrl,
    USER_ID: userId,
  };
  const app = spawn(process.execPath, ["app.ts"], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  cleanups.defer(async () => void app.kill("SIGKILL"));
  const errors = text(app.stderr);
  const ended = once(app, "exit").then(async ([code]) => [code, await errors]);

  const phones = createPhones(sandboxUrl);
  const pushes = await Promise.race([
    until("three pushes arrive", async () => {
      const arrived = await phones.pushesTo("phone");
      return arrived.length === 3 && arrived;
    }),
    ended.then((end) => Promise.reject(new Error(`the application has ended: ${end.join(" ")}`))),
  ]);
  expect(pushes.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  expect(pushes.map(({ title }) => title).toSorted()).toEqual(["order-packed", "order-paid", "order-sent"]);
  await until("the dead token is removed", async () => {
    const { rows } = await client.query(`SELECT token FROM "PushDevice"`);
    return rows.length === 1;
  });
  await client.end();
  app.kill("SIGTERM");
  expect((await ended)[0]).toBe(0);
});
