import { expect, test } from "vitest";
import { z } from "zod";
import { defineJob } from "./core/index.ts";
import { modules } from "./modules.ts";
import { schedules, type SystemSchedule } from "./schedules.ts";
import { uploadPurge } from "./upload-purge/job.ts";

const problemsOf = (table: readonly SystemSchedule[]): string[] => {
  const names = table.map(({ name }) => name);
  return table.flatMap(({ name, job, payload }, index) => [
    ...(names.indexOf(name) === index ? [] : [`${name}: the name is not unique`]),
    ...(Object.hasOwn(modules, job.name) ? [] : [`${name}: no job ${job.name} in workers/modules.ts`]),
    ...(job.payload.safeParse(payload).success ? [] : [`${name}: ${job.name} refuses the payload`]),
  ]);
};

test("every system schedule has a unique name, a job of this product and a payload of that job", () => {
  expect(problemsOf(schedules)).toEqual([]);
});

test("a wrong schedule is reported", () => {
  const none = defineJob({ name: "none", payload: z.object({}) });
  const table: SystemSchedule[] = [
    { name: "purge", job: uploadPurge, payload: {}, cadence: { every: "day", hour: 3 } },
    { name: "purge", job: none, payload: {}, cadence: { every: "minutes", minutes: 60 } },
  ];
  expect(problemsOf(table)).toEqual([
    "purge: upload-purge refuses the payload",
    "purge: the name is not unique",
    "purge: no job none in workers/modules.ts",
  ]);
});
