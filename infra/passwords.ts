import { hash, verify } from "@node-rs/argon2";

/**
 * Hashes a password, normalized, with argon2id (the library's default) and OWASP's minimum: 19 MiB, two passes, one
 * lane. Takes about 20 ms of one core.
 * Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 */
export const hashPassword = (password: string): Promise<string> =>
  hash(normalizePassword(password), { memoryCost: 19_456, timeCost: 2, parallelism: 1 });

/**
 * Whether the password matches the hash, normalized or as typed: older hashes are of the password as typed. Without a
 * hash it returns false. The time depends on the password only: each form of it is tried, whatever matches.
 */
export const verifyPassword = async (
  passwordHash: string | undefined,
  password: string,
): Promise<boolean> => {
  const against = passwordHash ?? (await dummyHash());
  const forms = new Set([normalizePassword(password), password]);
  const matches = await Promise.all([...forms].map((form) => verify(against, form)));
  return matches.includes(true) && passwordHash !== undefined;
};

/** A new hash for a password that was verified, if the old one is of the password as typed; undefined if not. */
export const upgradeHash = async (passwordHash: string, password: string): Promise<string | undefined> => {
  const normalized = normalizePassword(password);
  const isCurrent = normalized === password || (await verify(passwordHash, normalized));
  return isCurrent ? undefined : hashPassword(normalized);
};

/**
 * The form in which a password is hashed: the same letters from another keyboard or system may be other code points.
 * RFC 8265, 4.2 (OpaqueString): every space becomes an ASCII space, then NFC.
 */
export const normalizePassword = (password: string): string =>
  password.replaceAll(/\p{Zs}/gu, " ").normalize("NFC");

let dummy: Promise<string> | undefined;
const dummyHash = () => (dummy ??= hashPassword("no account"));
