import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { defineJob, defineWorker, node, PermanentError } from "../../workers/core/index.ts";
import { type Core, createCore } from "../support/core/core.ts";
import { until } from "../../scripts/processes/until.ts";

const script = fileURLToPath(new URL("../../scripts/jobs.ts", import.meta.url));
const chore = defineJob({ name: "chore", payload: z.object({ n: z.int() }) });
const hourly = defineJob({
  name: "hourly",
  payload: z.object({}),
  backoff: { delay: 3_600_000, max: 3_600_000, jitter: 0 },
});

let core: Core;
let broken = true;
const ids: string[] = [];
beforeAll(async () => {
  core = await createCore();
  core.startRelay();
  core.work(
    defineWorker(chore, async ({ n }) => {
      if (broken && n % 2 === 1) throw new PermanentError("the provider is broken");
      return "fine";
    }),
    defineWorker(hourly, () => Promise.reject(new Error("the provider is unavailable"))),
  );
  for (const n of [0, 1, 2, 3]) ids.push(await core.jobs.transaction(({ enqueue }) => enqueue(chore, { n })));
  for (const [n, id] of ids.entries()) await core.reaches(id, n % 2 === 1 ? "FAILED" : "COMPLETED");
});
afterAll(() => core[Symbol.asyncDispose]());

interface Result {
  code: number;
  output: string;
}

const run = (...args: string[]): Promise<Result> =>
  new Promise((resolve) => {
    const env = { ...process.env, DATABASE_URL: core.url, NO_COLOR: "1" };
    execFile(process.execPath, [script, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr }),
    );
  });

test("lists jobs with their outcome, newest first", async () => {
  const { output } = await run("list");
  const lines = output.trim().split("\n");
  expect(lines[0]).toMatch(/^ID +JOB +STATE +ATTEMPTS/);
  expect(lines.slice(1).map((line) => line.slice(0, 36))).toEqual(ids.toReversed());
  expect(lines[1]).toMatch(/failed +1 .*PermanentError: the provider is broken/);
});

test("lists only the dead letter", async () => {
  const { output } = await run("list", "--failed");
  expect(output.match(/ failed /g)).toHaveLength(2);
  expect(output).not.toContain("completed");
});

test("shows a flow as a tree", async () => {
  const child = node(chore, { n: 5 }, { onFailure: "fail-parent" });
  const id = await core.jobs.transaction(({ enqueueFlow }) =>
    enqueueFlow(node(chore, { n: 6 }, { children: [child] })),
  );
  await core.reaches(id, "FAILED");
  const { output } = await run("show", id);
  expect(output).toMatch(new RegExp(`\\nflow\n→ ${id}  chore +failed\\n  [0-9a-f-]{36}    chore +failed\\n`));
  await core.sql(`DELETE FROM "Job" WHERE id = $1::uuid`, [id]);
});

test("shows a job with its attempts", async () => {
  const { output } = await run("show", ids[1] ?? "");
  expect(output).toMatch(/payload +\{"n":1\}/);
  expect(output).toMatch(/history\n +1 .* failed +PermanentError: the provider is broken/);
});

test("shows when a job is retried", async () => {
  const id = await core.jobs.transaction(({ enqueue }) => enqueue(hourly, {}));
  await until("its first attempt has failed", async () => (await core.row(id)).attempt === 1);
  const { output } = await run("show", id);
  expect(output).toMatch(/state +retrying\n/);
  expect(output).toMatch(/next attempt +\d{4}-.* \(in (1 h|60 min)\)\n/);
  await core.sql(`DELETE FROM "Job" WHERE id = $1::uuid`, [id]);
});

test("retries one job by its id, but only if it has failed", async () => {
  broken = false;
  expect(await run("retry", ids[1] ?? "")).toMatchObject({
    code: 0,
    output: expect.stringContaining("1 of 1"),
  });
  await core.reaches(ids[1] ?? "", "COMPLETED");
  expect(await run("retry", ids[0] ?? "")).toMatchObject({
    code: 1,
    output: expect.stringContaining("0 of 1"),
  });
});

test("an id in upper case is the same id", async () => {
  broken = true;
  const id = await core.jobs.transaction(({ enqueue }) => enqueue(chore, { n: 7 }));
  await core.reaches(id, "FAILED");
  broken = false;
  expect((await run("retry", id.toUpperCase(), id)).output).toBe(
    `${id}  will run again\n1 of 1 will run again\n`,
  );
  await core.reaches(id, "COMPLETED");
});

test("retries the whole dead letter only on request", async () => {
  broken = true;
  const id = await core.jobs.transaction(({ enqueue }) => enqueue(chore, { n: 9 }));
  await core.reaches(id, "FAILED");
  broken = false;
  expect((await run("retry")).code).toBe(2);
  expect(await core.row(id)).toMatchObject({ state: "FAILED" });
  const { output } = await run("retry", "--failed", "--limit", "1");
  expect(output).toContain("1 of 1 will run again");
  expect(output).toContain("Only the newest 1 jobs: there may be more.");
  await core.reaches(id, "COMPLETED");
});

test("retries all failed jobs of a name", async () => {
  expect((await run("retry", "--name", "chore", "--since", "1h")).output).toContain("1 of 1 will run again");
  await core.reaches(ids[3] ?? "", "COMPLETED");
});

test("retries the flow of a failed child, and counts it separately", async () => {
  broken = true;
  const child = node(chore, { n: 5 }, { onFailure: "fail-parent" });
  const root = await core.jobs.transaction(({ enqueueFlow }) =>
    enqueueFlow(node(chore, { n: 6 }, { children: [child] })),
  );
  await core.reaches(root, "FAILED");
  broken = false;
  const [failed] = await core.sql<{ id: string }>(`SELECT id FROM "Job" WHERE "parentId" = $1::uuid`, [root]);
  const { output } = await run("retry", failed?.id ?? "");
  expect(output).toContain("1 of 1 will run again; and 1 more jobs of their flows");
  await core.reaches(root, "COMPLETED");
});

test("reports that there is nothing to retry", async () => {
  expect(await run("retry", "--name", "nothing")).toEqual({ code: 1, output: "no matching jobs\n" });
});

test("cancels a waiting job", async () => {
  const id = await core.jobs.transaction(({ enqueue }) => enqueue(chore, { n: 4 }, { delay: 60_000 }));
  expect((await run("cancel", id)).output).toContain("1 of 1 cancelled");
  expect(await core.row(id)).toMatchObject({ state: "CANCELLED" });
});

test("counts failed jobs, replays them at a rate, pauses queues, and records each change", async () => {
  broken = true;
  const id = await core.jobs.transaction(({ enqueue }) => enqueue(chore, { n: 7 }));
  await core.reaches(id, "FAILED");
  expect((await run("failures", "--since", "1h")).output).toMatch(/^\d+ +chore +permanent$/m);
  const listed = (await run("list", "--kind", "permanent")).output;
  expect([listed.includes(id), listed.includes("completed")]).toEqual([true, false]);
  expect((await run("replay", "--name", "chore")).output).toMatch(/^\d+ failed jobs match\nAdd --rate N/);
  expect((await run("replay", "--rate", "60", "--kind", "permanent")).output).toMatch(
    /^\d+ failed jobs match\n\S+ {2}started/,
  );
  const [replayId = ""] = (await run("replays")).output.split(" ");
  expect((await run("stop", replayId)).output).toMatch(/^stopped after 0 of \d+\n$/);
  expect((await run("stop", replayId)).code).toBe(2);
  await run("pause", "email");
  expect((await run("pause")).output).toMatch(/^email +paused .* by command line/);
  await run("resume", "email");
  const { output } = await run("actions", "--limit", "4");
  expect(output.match(/(queue|replay)\.\w+/g)).toEqual([
    "queue.resume",
    "queue.pause",
    "replay.stop",
    "replay.start",
  ]);
  expect(output).toContain("command line");
});

test.each([
  [["explode"], "Unknown command: explode"],
  [["constructor"], "Unknown command: constructor"],
  [["show"], "show: needs one id"],
  [
    ["show", "01900000-0000-7000-8000-000000000000", "01900000-0000-7000-8000-000000000001"],
    "show: needs one id",
  ],
  [["show", "12"], "12 is not the id of a job"],
  [["show", "01900000-0000-7000-8000-000000000000"], "no job has the id"],
  [["list", "--since", "yesterday"], "must be an age like 30s, 15m, 1h or 7d"],
  [["list", "--state", "lost"], "must be one of waiting, pending"],
  [["list", "--colour"], "Unknown option '--colour'.\nUsage: npm run jobs -- --help"],
  [["cancel"], "select jobs by their ids"],
  [["retry"], "select jobs by their ids"],
  [["retry", "--limit", "1"], "select jobs by their ids"],
  [["retry", "--state", "pending"], "--state pending: only failed jobs are in the dead letter"],
  [
    ["cancel", "01900000-0000-7000-8000-000000000000", "--name", "email"],
    "--name: cannot be combined with ids",
  ],
  [["retry", "01900000-0000-7000-8000-000000000000", "--failed"], "--failed: cannot be combined with ids"],
  [["list", "email"], "list email: select jobs by --name"],
  [["list", "--user", "nobody@example.com"], "no account has this id or address"],
  [["replay", "--name", "chore", "--rate", "0"], "--rate 0: must be a number"],
  [["pause", "nothing"], "no queue has the name nothing"],
  [["list", "--limit", "0"], "must be a number from 1 to 100000"],
  [["list", "--limit", "99999999999"], "must be a number from 1 to 100000"],
  [["list", "--since", "99999999d"], "--since 99999999d: at most 10000d"],
  [["list", "--failed", "--state", "pending"], "--state pending: only failed jobs are in the dead letter"],
])("%j is a clear error", async (args, message) => {
  const { code, output } = await run(...args);
  expect(code).toBe(2);
  expect(output).toContain(message);
});
