import { expect, test } from "vitest";
import { createSigner } from "./signature.ts";

const signer = createSigner("secret");
const object = { contentType: "image/png", bytes: 5 };
const parse = (signed: string) => {
  const { pathname, searchParams } = new URL(signed, "http://app.test");
  return { key: pathname.replace("/storage/", ""), query: searchParams };
};

test("reads a URL that it signed, with an expiry in five minutes", () => {
  const { key, query } = parse(signer.sign("uploads/1/source", object, 1_000_000));
  expect(signer.read(key, query)).toEqual({ key: "uploads/1/source", ...object, expires: 1_300 });
});

test.each([
  ["key", { key: "uploads/2/source" }],
  ["type", { type: "image/svg+xml" }],
  ["size", { bytes: "6" }],
  ["expiry", { expires: "9999999999" }],
  ["signature", { signature: "A".repeat(43) }],
  ["signature's length", { signature: "" }],
] as [string, Record<string, string>][])("rejects a URL with another %s", (_what, change) => {
  const { key, query } = parse(signer.sign("uploads/1/source", object));
  const { key: otherKey = key, ...fields }: Record<string, string> = change;
  for (const [name, value] of Object.entries(fields)) query.set(name, value);
  expect(signer.read(otherKey, query)).toBeUndefined();
});

test("rejects a URL that was signed with another secret", () => {
  const { key, query } = parse(createSigner("other").sign("uploads/1/source", object));
  expect(signer.read(key, query)).toBeUndefined();
});
