import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { removeAbandonedFolders, withTemporaryFolder } from "./folder.ts";

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "offstage-test-folder-"));
  vi.stubEnv("TMPDIR", parent);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(parent, { recursive: true });
});

test("a temporary folder is removed after the work, even if it fails", async () => {
  const used = await withTemporaryFolder(async (folder) => {
    await mkdir(join(folder, "deep"));
    await writeFile(join(folder, "deep", "file"), "x");
    expect(await readdir(parent)).toHaveLength(1);
    return folder;
  });
  expect(used.startsWith(parent)).toBe(true);
  await expect(withTemporaryFolder(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await readdir(parent)).toEqual([]);
});

/** Starts a process that uses a temporary folder. */
const startWork = async () => {
  const module = JSON.stringify(join(import.meta.dirname, "folder.ts"));
  const script = `
    const { withTemporaryFolder } = await import(${module});
    process.on("SIGTERM", () => process.exit(0));
    await withTemporaryFolder((folder) => new Promise((resolve) => { console.log(folder); setTimeout(resolve, 60_000); }));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(createInterface(child.stdout), "line");
  return child;
};

test("a temporary folder is removed when the process exits during the work", async () => {
  const child = await startWork();
  expect(await readdir(parent)).toHaveLength(1);
  child.kill("SIGTERM");
  await once(child, "close");
  expect(await readdir(parent)).toEqual([]);
});

test("the next start removes the folders of killed processes only", async () => {
  const [killed, alive] = await Promise.all([startWork(), startWork()]);
  killed.kill("SIGKILL");
  await once(killed, "close");
  // A container restarts with the same name and pid. A folder of another machine is recognised by its age only.
  await mkdir(join(parent, `offstage-media-${hostname()}-${process.pid}-aaaaaa`));
  await mkdir(join(parent, "offstage-media-elsewhere-7-young0"));
  await mkdir(join(parent, "offstage-media-elsewhere-7-old000"));
  const yesterday = Date.now() / 1_000 - 25 * 3_600;
  await utimes(join(parent, "offstage-media-elsewhere-7-old000"), yesterday, yesterday);
  await mkdir(join(parent, "something-else"));

  await withTemporaryFolder(async () => expect(await removeAbandonedFolders()).toBe(3));
  const left = await readdir(parent);
  expect(left).toHaveLength(3);
  expect(left).toEqual(expect.arrayContaining(["offstage-media-elsewhere-7-young0", "something-else"]));
  expect(left).toContainEqual(expect.stringContaining(`-${alive.pid}-`));
  alive.kill("SIGTERM");
  await once(alive, "close");
});
