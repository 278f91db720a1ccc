import { expect, test } from "vitest";
import { createLogger } from "./logging.ts";

test("redacts secret and personal fields by name, three levels deep", () => {
  const lines: string[] = [];
  const log = createLogger("test", "info", { write: (line) => void lines.push(line) });
  for (const name of ["password", "token", "email", "authorization", "cookie"])
    log.info({ [name]: "s3cret", a: { [name]: "s3cret", b: { [name]: "s3cret", id: "kept" } } }, "message");
  expect(lines).toHaveLength(5);
  for (const line of lines) {
    expect(line).not.toContain("s3cret");
    expect(JSON.parse(line)).toMatchObject({ level: "info", process: "test", a: { b: { id: "kept" } } });
  }
});

test("does not log the row that an error refers to", () => {
  const lines: string[] = [];
  const log = createLogger("test", "info", { write: (line) => void lines.push(line) });
  const detail = "Failing row contains (ada@example.com)";
  const cause = Object.assign(new Error("violates a constraint"), { detail });
  const error = Object.assign(new Error("no row"), {
    code: "23514",
    detail,
    meta: { cause: { detail } },
    cause,
  });
  log.error({ err: error }, "message");
  expect(lines.join()).not.toContain("ada@");
  expect(JSON.parse(lines[0] ?? "").err).toMatchObject({ type: "Error", code: "23514" });
});
