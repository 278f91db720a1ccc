import { expect, test } from "vitest";
import { currentDocument } from "../../scripts/openapi.ts";
import {
  checkResponse,
  type Operation,
  publishedDocument,
  publishedOperations,
} from "../support/api/openapi.ts";

test("openapi.json matches the code (update: npm run openapi)", async () => {
  expect(publishedDocument()).toEqual(JSON.parse(JSON.stringify(await currentDocument())));
});

test("every operation has a unique id, a summary and a success response", () => {
  const names = Object.values(publishedDocument().paths).flatMap((methods) =>
    Object.values(methods).map((operation) => Object(operation).operationId),
  );
  expect(new Set(names).size).toBe(names.length);
  const successes = ({ responses }: Operation) =>
    [...responses.keys()].filter((status) => status < 300 && status !== 206);
  expect(publishedOperations().filter((operation) => successes(operation).length !== 1)).toEqual([]);
});

test.each([
  ["an undocumented status", 418, {}],
  ["a missing field", 200, { message: undefined }],
  ["a field of the wrong type", 200, { message: 1 }],
  ["an extra field", 200, { message: "", passwordHash: "" }],
  ["an undocumented problem", 401, { type: "/problems/token-spent" }],
])("the check detects %s", async (_what, status, change) => {
  const login = publishedOperations().find(({ path }) => path === "/v1/login")!;
  const usual =
    status < 300
      ? { message: "" }
      : { type: "/problems/wrong-credentials", title: "", status, requestId: "" };
  const type = status < 300 ? "application/json" : "application/problem+json";
  const response = (body: object) =>
    new Response(JSON.stringify(body), { status, headers: { "content-type": type } });
  await expect(checkResponse(login, response({ ...usual, ...change }))).rejects.toThrow(
    /not documented|does not match/,
  );
  if (status !== 418) await checkResponse(login, response(usual));
});
