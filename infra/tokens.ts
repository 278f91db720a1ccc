import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * The secret part of a link, 256 bit in base64url, derived from the id of the row it belongs to: nothing secret has to
 * travel in a job, and a mail that is sent twice carries the same link. `purpose` keeps one kind of link from being
 * redeemed as another.
 */
export const deriveToken = (secret: string, purpose: string, id: string): string =>
  createHmac("sha256", secret).update(`${purpose}:${id}`).digest("base64url");

/** SHA-256: what the database keeps of a token, and looks it up by. Fast is right here, as the token cannot be guessed. */
export const hashToken = (token: string): Uint8Array<ArrayBuffer> =>
  createHash("sha256").update(token).digest();

/** A random secret: 256 bits in base64url. */
export const createToken = (): string => randomBytes(32).toString("base64url");

/** Six digits, derived like a token. They can be guessed, so the caller must limit the tries. */
export const deriveCode = (secret: string, purpose: string, id: string): string => {
  const bits = createHmac("sha256", secret).update(`${purpose}:${id}`).digest().readUIntBE(0, 6);
  return String(bits % 1_000_000).padStart(6, "0");
};

/** An id that only we can have written, for links that must work for ever and have no row of their own. */
export const signId = (secret: string, purpose: string, id: string): string =>
  `${id}.${deriveToken(secret, purpose, id)}`;

/** The id in what `signId` made of it; undefined for anything else. */
export const readSignedId = (secret: string, purpose: string, signed: string): string | undefined => {
  const id = signed.slice(0, signed.indexOf("."));
  const isOurs = timingSafeEqual(hashToken(signed), hashToken(signId(secret, purpose, id)));
  return isOurs ? id : undefined;
};
