import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { JobRow } from "../../workers/core/index.ts";
import { tableOf } from "./print.ts";

const now = new Date();
const row = (over: Partial<JobRow>) =>
  ({
    id: "01900000-0000-7000-8000-000000000001",
    name: "email",
    state: "COMPLETED",
    attempt: 0,
    crashes: 0,
    createdAt: now,
    finishedAt: now,
    readyAt: now,
    orderKey: null,
    startedAt: null,
    result: "sent",
    error: null,
    history: [],
    ...over,
  }) as JobRow;
const error = "ProviderError: the mail was not sent: 451 4.3.0 at RCPT TO";
const retrying = row({ state: "PUBLISHED", attempt: 3, finishedAt: null, result: null, error });
const long = row({ name: "video-transcribe", state: "WAITING", result: null, finishedAt: null });
const lines = (jobs: JobRow[], width: number) => tableOf(jobs, width).map(stripVTControlCharacters);

test.each([60, 80, 100, 120, 160])("a table fits into %d columns", (width) => {
  const table = lines([row({}), retrying, long], width);
  expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(width);
  expect(table[1]).toContain(row({}).id);
});

test("a wide table has a line for each job, a narrow one also a line for each error", () => {
  expect(lines([row({}), retrying], 160)).toHaveLength(3);
  const narrow = lines([row({}), retrying], 80);
  expect(narrow[1]).toMatch(/completed +1 +sent$/);
  expect(narrow[2]).toMatch(/queued +3$/);
  expect(narrow[3]).toBe("  the mail was not sent: 451 4.3.0 at RCPT TO");
});

test("a job to be retried shows the time of the retry until it is due", () => {
  const failed = (retryAt: number) => {
    const attempt = { startedAt: null, endedAt: "", by: null, outcome: "retry" as const };
    const history = [{ ...attempt, retryAt: new Date(now.getTime() + retryAt).toISOString() }];
    return lines([{ ...retrying, history }], 160)[1];
  };
  expect(failed(120_000)).toMatch(/retrying +3 .* again in 2 min: the mail was not sent/);
  expect(failed(300)).toMatch(/retrying +3 .*ago +the mail was not sent/);
  expect(failed(-1_000)).toMatch(/queued +3 .*ago +the mail was not sent/);
});

test("a job that is not due yet shows when it is", () => {
  const readyAt = new Date(now.getTime() + 24 * 3_600_000);
  const [, line] = lines([row({ state: "PENDING", finishedAt: null, result: null, readyAt })], 160);
  expect(line).toMatch(/scheduled +0 .* due in 1 d$/);
});
