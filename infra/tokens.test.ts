import { expect, test } from "vitest";
import { deriveCode, deriveToken, hashToken, readSignedId, signId } from "./tokens.ts";

const id = "01932b5e-0000-7000-8000-000000000001";

test("the same row gives the same token", () => {
  expect(deriveToken("secret", "verify-email", id)).toBe(deriveToken("secret", "verify-email", id));
  expect(deriveToken("secret", "verify-email", id)).toMatch(/^[\w-]{43}$/);
});

test("another secret, purpose or row gives another token", () => {
  const tokens = [
    deriveToken("secret", "verify-email", id),
    deriveToken("other", "verify-email", id),
    deriveToken("secret", "reset-password", id),
    deriveToken("secret", "verify-email", id.replace(/1$/, "2")),
  ];
  expect(new Set(tokens).size).toBe(4);
});

test("a hash is 32 bytes and does not contain the token", () => {
  const token = deriveToken("secret", "verify-email", id);
  expect(hashToken(token)).toHaveLength(32);
  expect(Buffer.from(hashToken(token)).toString("base64url")).not.toBe(token);
});

test("reads a signed id only with its secret and purpose, and only unchanged", () => {
  const signed = signId("secret", "unsubscribe", id);
  expect(readSignedId("secret", "unsubscribe", signed)).toBe(id);
  for (const [secret, purpose, forged] of [
    ["other", "unsubscribe", signed],
    ["secret", "reset-password", signed],
    ["secret", "unsubscribe", signed.replace("1.", "2.")],
    ["secret", "unsubscribe", signed.slice(0, -1)],
    ["secret", "unsubscribe", `${id}.${deriveToken("secret", "verify-email", id)}`],
    ["secret", "unsubscribe", id],
    ["secret", "unsubscribe", ""],
  ] as const)
    expect(readSignedId(secret, purpose, forged)).toBeUndefined();
});

test("a code has six digits, including leading zeros", () => {
  const codes = Array.from({ length: 500 }, (_, row) => deriveCode("secret", "verify-email", String(row)));
  expect(codes.filter((code) => !/^\d{6}$/.test(code))).toEqual([]);
  expect(codes.filter((code) => code.startsWith("0")).length).toBeGreaterThan(10);
  expect(deriveCode("other", "verify-email", "1")).not.toBe(codes[1]);
});
