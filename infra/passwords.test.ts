import { expect, test } from "vitest";
import { hashPassword, verifyPassword } from "./passwords.ts";

test("hashes with argon2id at OWASP's minimum, each time with another salt", async () => {
  const [one, two] = [await hashPassword("secret"), await hashPassword("secret")];
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(one).not.toBe(two);
});

test("verifies the right password of a hash only", async () => {
  const hash = await hashPassword("secret");
  expect(await verifyPassword(hash, "secret")).toBe(true);
  expect(await verifyPassword(hash, "Secret")).toBe(false);
  for (const password of ["secret", "no account", ""])
    expect(await verifyPassword(undefined, password)).toBe(false);
});

test("no one's password takes as long to refuse as a user's", async () => {
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
  // How close they are is measured by `npm run bench -- --only accounts`: here, that the work is done at all.
  expect(await quickest(undefined)).toBeGreaterThan((await quickest(hash)) / 4);
});
