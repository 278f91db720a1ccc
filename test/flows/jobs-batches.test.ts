import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { printResult, startSchedule } from "../../scripts/jobs/run-schedule.ts";
import { defineJob, defineWorker, PermanentError } from "../../workers/core/index.ts";
import { type Core, createCore } from "../support/core/core.ts";

const script = fileURLToPath(new URL("../../scripts/jobs.ts", import.meta.url));
const tidy = defineJob({ name: "tidy", payload: z.object({ fails: z.boolean() }) });

let core: Core;
beforeAll(async () => {
  core = await createCore();
  core.startRelay();
  core.work(
    defineWorker(tidy, async ({ fails }) => {
      if (fails) throw new PermanentError("the attic is locked");
      return { tidied: 12 };
    }),
  );
});
afterAll(() => core[Symbol.asyncDispose]());

const run = (...args: string[]): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, DATABASE_URL: core.url, NO_COLOR: "1" };
    execFile(process.execPath, [script, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr }),
    );
  });

test("lists batches with the number of their jobs in each state", async () => {
  expect((await run("batches")).output).toBe("no batches\n");
  const later = defineJob({ name: "later", payload: z.object({}) }); // no worker runs it
  await core.jobs.transaction(async ({ enqueueMany }) => {
    const batch = { id: uuidv7(), name: "later 2026-12-01T00:00Z" };
    await enqueueMany(later, [{ payload: {} }, { payload: {} }], { batch });
  });
  expect((await run("batches")).output.split("\n").map((line) => line.replace(/\d+ s ago/, "now"))).toEqual([
    expect.stringMatching(/^BATCH +CREATED +TOTAL +WAITING +RUNNING +DONE +FAILED +CANCELLED$/),
    expect.stringMatching(/^later 2026-12-01T00:00Z +now +2 +2 +0 +0 +0 +0$/),
    "",
  ]);
});

test("an unknown schedule is refused with the names of all", async () => {
  expect(await run("run", "none")).toMatchObject({
    code: 2,
    output: expect.stringContaining("run: needs the name of one schedule: "),
  });
});

test.for([
  [false, "completed", true],
  [true, "failed", false],
] as const)(
  "a schedule that is run by hand shows its result (fails: %s)",
  async ([fails, state, completed]) => {
    const lines: string[] = [];
    using log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    const cadence = { every: "day", hour: 3 } as const;
    const id = await startSchedule(core.sql, { name: "tidy", job: tidy, payload: { fails }, cadence });
    expect(await printResult(core.sql, id)).toBe(completed);
    expect(log).toHaveBeenCalled();
    const output = lines.join("\n");
    expect(output).toContain(state);
    expect(output).toContain(fails ? "the attic is locked" : `{"tidied":12}`);
  },
);
