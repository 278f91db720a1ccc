import fc from "fast-check";
import { expect, test } from "vitest";
import { sealText, UnsealError, unsealText } from "./sealed.ts";

const secret = "a secret for tests, of more than 32 characters";
const id = "01932b5e-0000-7000-8000-000000000001";

test("any text of up to 255 bytes is opened as it was, and all have the same length", () => {
  const texts = fc
    .string({ unit: "binary", maxLength: 255 })
    .filter((text) => Buffer.byteLength(text) <= 255);
  fc.assert(
    fc.property(texts, (text) => {
      const sealed = sealText(secret, id, text.toWellFormed());
      expect(unsealText(secret, id, sealed)).toBe(text.toWellFormed());
      expect(sealed).toMatch(/^v1\.[\w-]{8}\.[\w-]{379}$/);
    }),
  );
  expect(() => sealText(secret, id, "a".repeat(256))).toThrow(RangeError);
});

test("the same text is sealed differently each time, and is not readable", () => {
  const sealed = [sealText(secret, id, "ada@example.com"), sealText(secret, id, "ada@example.com")];
  expect(new Set(sealed).size).toBe(2);
  for (const each of sealed) expect(Buffer.from(each, "base64url").toString()).not.toContain("ada");
});

test("another secret or another record cannot open it", () => {
  const sealed = sealText(secret, id, "ada@example.com");
  expect(() => unsealText(`${secret}!`, id, sealed)).toThrow("sealed with another APP_SECRET");
  expect(() => unsealText(secret, id.replace("1", "2"), sealed)).toThrow(UnsealError);
});

test("every change of one bit is refused, and so is a shorter tag", () => {
  const [version, keyId, content = ""] = sealText(secret, id, "ada@example.com").split(".");
  const bytes = Buffer.from(content, "base64url");
  const open = (changed: Buffer) =>
    unsealText(secret, id, [version, keyId, changed.toString("base64url")].join("."));
  for (let byte = 0; byte < bytes.length; byte++) {
    const changed = Buffer.from(bytes);
    changed[byte]! ^= 1 << (byte % 8);
    expect(() => open(changed)).toThrow(UnsealError);
  }
  expect(() => open(bytes.subarray(0, -12))).toThrow(UnsealError);
  for (const other of ["", "v1", "v2.a.b", "v1..", "text"])
    expect(() => unsealText(secret, id, other)).toThrow(UnsealError);
});
