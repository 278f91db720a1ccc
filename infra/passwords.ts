import { hash, verify } from "@node-rs/argon2";

/**
 * Hashes a password with argon2id (the library's default) and OWASP's minimum: 19 MiB, two passes, one lane. Takes
 * about 20 ms of one core. Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 */
export const hashPassword = (password: string): Promise<string> =>
  hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });

/** Whether the password matches the hash. Without a hash it returns false after the same time. */
export const verifyPassword = async (
  passwordHash: string | undefined,
  password: string,
): Promise<boolean> => {
  const matches = await verify(passwordHash ?? (await dummyHash()), password);
  return matches && passwordHash !== undefined;
};

let dummy: Promise<string> | undefined;
const dummyHash = () => (dummy ??= hashPassword("no account"));
