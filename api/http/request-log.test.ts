import { expect, test } from "vitest";
import { createPathFilter } from "./request-log.ts";

const filterPath = createPathFilter(["/v1/sessions/:id", "/v1/uploads/:id/files/*path", "/reset-password"]);
const id = "0197a3c4-5b6d-7e8f-9a0b-1c2d3e4f5a6b";

test.each([
  ["/", "/"],
  ["/v1/sessions", "/v1/sessions"],
  [`/v1/sessions/${id}?token=s3cret`, `/v1/sessions/${id}`],
  ["/reset-password?token=s3cret", "/reset-password"],
  ["/reset-password%23s3cret", "/…"],
  ["/reset-password#s3cret", "/…"],
  ["/reset-password/s3cret", "/reset-password/…"],
  ["/v1/sessions/s3cret/v1", "/v1/sessions/…"],
  [`/v1/uploads/${id}/files/s3cret`, `/v1/uploads/${id}/files/…`],
  [`/v1/uploads/${id}.s3cret`, "/v1/uploads/…"],
  ["/ada@example.com", "/…"],
  ["/constructor/s3cret", "/…"],
  ["http://app.test/v1/s3cret", "…"],
  ["*", "…"],
  ["", ""],
])("%s is logged as %s", (url, path) => {
  expect(filterPath(url)).toBe(path);
});
