import { expect, test } from "vitest";
import { purgeProject } from "./handler.ts";
import { projectPurge } from "./job.ts";

const projectId = "01932b5e-0000-7000-8000-000000000001";

const setUp = (members: number | undefined, rows: Record<string, number>) => {
  const log: string[] = [];
  const deletions = Object.keys(rows).map((kind) => async () => {
    const count = Math.min(rows[kind] ?? 0, 1_000);
    rows[kind] = (rows[kind] ?? 0) - count;
    log.push(`${kind} ${count}`);
    return count;
  });
  const purge = purgeProject({
    countMembers: async () => members,
    deletions,
    deleteProject: async () => void log.push("project"),
  });
  const perform = (signal = new AbortController().signal) =>
    purge(projectPurge.payload.parse(JSON.parse(JSON.stringify({ projectId }))), { signal });
  return { log, perform };
};

test("deletes one kind of rows after the other in batches, then the project", async () => {
  const { log, perform } = setUp(0, { tasks: 2_500, sprints: 2 });
  expect(await perform()).toBe("rows deleted: 2503");
  const tasks = ["tasks 1000", "tasks 1000", "tasks 500", "tasks 0"];
  expect(log).toEqual([...tasks, "sprints 2", "sprints 0", "project"]);
});

test("keeps a project that has members", async () => {
  const { log, perform } = setUp(1, { tasks: 5 });
  expect(await perform()).toBe("kept: the project has members");
  expect(log).toEqual([]);
});

test("a second run finds nothing", async () => {
  const { log, perform } = setUp(undefined, { tasks: 5 });
  expect(await perform()).toBe("skipped: the project no longer exists");
  expect(log).toEqual([]);
});

test("stops before the next batch when its signal aborts", async () => {
  const { log, perform } = setUp(0, { tasks: 5 });
  await expect(perform(AbortSignal.abort(new Error("shutdown")))).rejects.toThrow("shutdown");
  expect(log).toEqual([]);
});
