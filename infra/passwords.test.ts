import { hash } from "@node-rs/argon2";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashPassword, normalizePassword, upgradeHash, verifyPassword } from "./passwords.ts";

test("hashes with argon2id at OWASP's minimum, with a new salt each time", async () => {
  const [one, two] = [await hashPassword("secret"), await hashPassword("secret")];
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(one).not.toBe(two);
});

test("accepts only the password of the hash", async () => {
  const hash = await hashPassword("secret");
  expect(await verifyPassword(hash, "secret")).toBe(true);
  expect(await verifyPassword(hash, "Secret")).toBe(false);
  for (const password of ["secret", "no account", ""])
    expect(await verifyPassword(undefined, password)).toBe(false);
});

test("takes as long without a hash as with one", async () => {
  const hash = await hashPassword("secret");
  await verifyPassword(undefined, "wrong");
  const quickest = async (of: string | undefined) => {
    const times = [];
    for (let tries = 0; tries < 5; tries++) {
      const began = performance.now();
      await verifyPassword(of, "wrong");
      times.push(performance.now() - began);
    }
    return Math.min(...times);
  };
  // Only checks that the work is done. `npm run bench -- --only accounts` measures the difference.
  expect(await quickest(undefined)).toBeGreaterThan((await quickest(hash)) / 4);
});

describe("the same password as other code points", () => {
  test.for([
    ["composed and decomposed letters", "pässwörd Ångström", "pässwörd Ångström".normalize("NFD")],
    ["Hangul", "비밀번호", "비밀번호".normalize("NFD")],
    ["spaces", "a b\u00a0c\u3000d", "a b c d"],
  ])("is one password: %s", async ([, typed = "", elsewhere = ""]) => {
    expect(elsewhere).not.toBe(typed);
    for (const [set, entered] of [
      [typed, elsewhere],
      [elsewhere, typed],
    ] as const)
      expect(await verifyPassword(await hashPassword(set), entered)).toBe(true);
  });

  test("signs that look different stay different", () => {
    for (const [one, other] of ["²2", "ｐp", "ﬁf", "Åå"].map((pair) => Array.from(pair)))
      expect(normalizePassword(one ?? "")).not.toBe(normalizePassword(other ?? ""));
  });

  test("normalizing twice changes nothing, nor does it change ASCII", () => {
    const once = (text: string) => normalizePassword(text);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => once(once(text)) === once(text)),
      { numRuns: 50 },
    );
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => once(text) === text),
      { numRuns: 50 },
    );
  });

  test("an older hash, of the password as typed, is accepted and upgraded once", async () => {
    const typed = "pässwörd".normalize("NFD");
    const older = await hash(typed);
    expect(await verifyPassword(older, typed)).toBe(true);
    expect(await verifyPassword(older, "pässwörd".normalize("NFC"))).toBe(false);

    const upgraded = (await upgradeHash(older, typed)) ?? "";
    for (const form of ["NFC", "NFD"] as const)
      expect(await verifyPassword(upgraded, typed.normalize(form))).toBe(true);
    expect(await upgradeHash(upgraded, typed)).toBeUndefined();
    expect(await upgradeHash(await hashPassword("secret"), "secret")).toBeUndefined();
  });

  test("takes as long with a matching hash as with another or none", async () => {
    const typed = "pässwörd".normalize("NFD");
    const [right, other] = [await hashPassword(typed), await hashPassword("another")];
    const quickest = async (of: string | undefined) => {
      const times = [];
      for (let tries = 0; tries < 5; tries++) {
        const began = performance.now();
        await verifyPassword(of, typed);
        times.push(performance.now() - began);
      }
      return Math.min(...times);
    };
    await quickest(undefined);
    const times = [await quickest(right), await quickest(other), await quickest(undefined)];
    expect(Math.min(...times)).toBeGreaterThan(Math.max(...times) / 4);
  });
});
