import { expect, test } from "vitest";
import { shorten } from "./output.ts";

const req = { id: "11111111", method: "POST", path: "/v1/signup" };
const line = (fields: object) => shorten(JSON.stringify({ level: "info", ...fields }));

test("a request is a short line, with its id if it failed", () => {
  const request = { req, responseTime: 5, msg: "request completed" };
  expect(line({ ...request, res: { statusCode: 202 } })).toEqual({
    level: "info",
    msg: "POST /v1/signup 202 in 5 ms",
  });
  expect(line({ ...request, res: { statusCode: 422 } })).toEqual({
    level: "info",
    id: "11111111",
    msg: "POST /v1/signup 422 in 5 ms",
  });
  expect(line({ ...request, res: { statusCode: 206 }, msg: "request aborted" })).toMatchObject({
    msg: "POST /v1/signup 206 aborted in 5 ms",
  });
});

test("a run of a job is a sentence with the id that `npm run jobs` accepts", () => {
  const job = { job: "email", id: "0192", attempt: 1, ms: 9, msg: "job" };
  expect(line({ ...job, outcome: "completed" })).toMatchObject({
    msg: "email 0192 attempt 1: completed in 9 ms",
  });
  expect(line({ ...job, outcome: "retry", delay: 1_200, error: "Error: no" })).toMatchObject({
    msg: "email 0192 attempt 1: retry in 9 ms, again in 1200 ms: Error: no",
  });
});

test("everything else is unchanged", () => {
  expect(line({ msg: "working", modules: ["email"] })).toEqual({
    level: "info",
    msg: "working",
    modules: ["email"],
  });
  expect(shorten("{ not JSON")).toBe("{ not JSON");
});
