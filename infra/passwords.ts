import { hash } from "@node-rs/argon2";

/**
 * Hashes a password with argon2id (the library's default) and OWASP's minimum of 19 MiB, two passes and one lane; about 20 ms of a core.
 * Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 */
export const hashPassword = (password: string): Promise<string> =>
  hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
