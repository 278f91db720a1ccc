import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * The token of a link, 256 bits in base64url, derived from the id of its row: no job has to contain a secret, and a
 * repeated mail has the same link. A token of one `purpose` is invalid for any other.
 */
export const deriveToken = (secret: string, purpose: string, id: string): string =>
  createHmac("sha256", secret).update(`${purpose}:${id}`).digest("base64url");

/**
 * The SHA-256 hash by which the database stores and finds a token. A slow hash is not needed, because tokens are
 * random.
 */
export const hashToken = (token: string): Uint8Array<ArrayBuffer> =>
  createHash("sha256").update(token).digest();

/** A random secret: 256 bits in base64url. */
export const createToken = (): string => randomBytes(32).toString("base64url");

/** Six digits, derived like a token. They can be guessed, so the caller must limit the tries. */
export const deriveCode = (secret: string, purpose: string, id: string): string => {
  const bits = createHmac("sha256", secret).update(`${purpose}:${id}`).digest().readUIntBE(0, 6);
  return String(bits % 1_000_000).padStart(6, "0");
};

/** A signed id, for links that never expire and have no row. */
export const signId = (secret: string, purpose: string, id: string): string =>
  `${id}.${deriveToken(secret, purpose, id)}`;

/** The id in the result of `signId`; undefined when the signature is invalid. */
export const readSignedId = (secret: string, purpose: string, signed: string): string | undefined => {
  const id = signed.slice(0, signed.indexOf("."));
  const isOurs = timingSafeEqual(hashToken(signed), hashToken(signId(secret, purpose, id)));
  return isOurs ? id : undefined;
};
