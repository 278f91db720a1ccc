import { createHash, createHmac } from "node:crypto";

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
