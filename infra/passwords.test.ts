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

/**
 * Microseconds of processor time that one verification takes, hashing threads included: the least of five. Unlike the
 * time on the clock, it does not depend on what else the machine does.
 */
const costOf = async (hash: string | undefined, password: string) => {
  const costs = [];
  for (let tries = 0; tries < 5; tries++) {
    const before = process.cpuUsage();
    await verifyPassword(hash, password);
    const { user, system } = process.cpuUsage(before);
    costs.push(user + system);
  }
  return Math.min(...costs);
};

test("does as much work without a hash as with one", async () => {
  const hash = await hashPassword("secret");
  await verifyPassword(undefined, "wrong");
  // Only checks that the work is done. `npm run bench -- --only accounts` measures the difference.
  expect(await costOf(undefined, "wrong")).toBeGreaterThan((await costOf(hash, "wrong")) / 4);
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

  test("takes as much work with a matching hash as with another or none", async () => {
    const typed = "pässwörd".normalize("NFD");
    const [right, other] = [await hashPassword(typed), await hashPassword("another")];
    await verifyPassword(undefined, typed);
    const costs = [await costOf(right, typed), await costOf(other, typed), await costOf(undefined, typed)];
    expect(Math.min(...costs)).toBeGreaterThan(Math.max(...costs) / 4);
  });
});
