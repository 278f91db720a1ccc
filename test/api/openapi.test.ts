import { expect, test } from "vitest";
import { currentDocument } from "../../scripts/openapi.ts";
import {
  checkAnswer,
  type Operation,
  publishedDocument,
  publishedOperations,
} from "../support/api/openapi.ts";

test("openapi.json says what the code does (else: npm run openapi)", async () => {
  expect(publishedDocument()).toEqual(JSON.parse(JSON.stringify(await currentDocument())));
});

test("every operation has a name of its own, a summary and a success", () => {
  const names = Object.values(publishedDocument().paths).flatMap((methods) =>
    Object.values(methods).map((operation) => Object(operation).operationId),
  );
  expect(new Set(names).size).toBe(names.length);
  const successes = ({ answers }: Operation) =>
    [...answers.keys()].filter((status) => status < 300 && status !== 206);
  expect(publishedOperations().filter((operation) => successes(operation).length !== 1)).toEqual([]);
});

test.each([
  ["a status that is not documented", 418, {}],
  ["a field that is missing", 200, { message: undefined }],
  ["a field of another type", 200, { message: 1 }],
  ["a field too many", 200, { message: "", passwordHash: "" }],
  ["a problem that this operation does not have", 401, { type: "/problems/token-spent" }],
])("the check finds %s", async (_what, status, change) => {
  const login = publishedOperations().find(({ path }) => path === "/v1/login")!;
  const usual =
    status < 300
      ? { message: "" }
      : { type: "/problems/wrong-credentials", title: "", status, requestId: "" };
  const type = status < 300 ? "application/json" : "application/problem+json";
  const answer = (body: object) =>
    new Response(JSON.stringify(body), { status, headers: { "content-type": type } });
  await expect(checkAnswer(login, answer({ ...usual, ...change }))).rejects.toThrow(
    /not documented|does not fit/,
  );
  if (status !== 418) await checkAnswer(login, answer(usual));
});
