import { expect, test } from "vitest";
import { z } from "zod";
import {
  defineJob,
  PermanentError,
  RateLimitedError,
  ReleaseError,
  SupersededError,
  type Run,
} from "../core/index.ts";
import { TimeoutError } from "../core/errors.ts";
import { defineReportingWorker } from "./last-failure.ts";

const job = defineJob({ name: "test", payload: z.object({ id: z.string() }), attempts: 3 });

/** Runs an attempt that throws, after its signal was aborted if there is a reason. */
const attempt = async (number: number, error: Error, reason?: Error) => {
  const reported: string[] = [];
  const signal = reason ? AbortSignal.abort(reason) : new AbortController().signal;
  const { handler } = defineReportingWorker(
    job,
    () => Promise.reject(error),
    async ({ id }, jobId) => void reported.push(`${id} ${jobId}`),
  );
  const run = { id: "job", attempt: number, signal } as unknown as Run;
  await expect(handler({ id: "record" }, run)).rejects.toBe(error);
  return reported;
};

const failed = new Error("no");
const aborted = new Error("aborted");

test.for<[string, number, Error, Error | undefined, boolean]>([
  ["the first attempt", 1, failed, undefined, false],
  ["the last attempt", 3, failed, undefined, true],
  ["a permanent error", 1, new PermanentError("no"), undefined, true],
  ["the timeout of the last attempt", 3, aborted, new TimeoutError("late"), true],
  ["the timeout of the first attempt", 1, aborted, new TimeoutError("late"), false],
  ["a released job", 3, aborted, new ReleaseError("the process shuts down"), false],
  [
    "a released job that could not stop in time",
    1,
    new PermanentError("no"),
    new ReleaseError("lost"),
    false,
  ],
  ["a pause", 3, new RateLimitedError(1), undefined, false],
  ["a job that another delivery finished", 3, new SupersededError("done"), undefined, false],
])("%s", async ([_what, number, error, reason, isLast]) => {
  expect(await attempt(number, error, reason)).toEqual(isLast ? ["record job"] : []);
});

test("a success is not a failure", async () => {
  const { handler } = defineReportingWorker(
    job,
    async () => "done",
    () => Promise.reject(new Error("it was called")),
  );
  const run = { id: "job", attempt: 3, signal: new AbortController().signal } as unknown as Run;
  expect(await handler({ id: "record" }, run)).toBe("done");
});

test("a job that has killed its process too often is reported by another one", async () => {
  const reported: string[] = [];
  const { crashed } = defineReportingWorker(
    job,
    () => Promise.reject(new Error("it was called")),
    async ({ id }, jobId) => void reported.push(`${id} ${jobId}`),
  );
  await crashed?.({ id: "record" }, "job");
  expect(reported).toEqual(["record job"]);
});
