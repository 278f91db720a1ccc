import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/** The text was sealed with another secret, or is not one that `sealText` returned. No repetition can open it. */
export class UnsealError extends Error {
  override name = "UnsealError";
}

/**
 * Encrypts a text of at most 255 bytes, which only the same secret and the same `id` can open. AES-256-GCM with a key
 * derived for this purpose (HKDF, RFC 5869). The result, `v1.<key id>.<base64url>`, has one length for all texts: the
 * length of an address would say something about it.
 * @throws RangeError when the text is longer
 */
export const sealText = (secret: string, id: string, text: string): string => {
  const { key, keyId } = keyOf(secret);
  const iv = randomBytes(IV);
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: TAG }).setAAD(Buffer.from(id));
  const encrypted = Buffer.concat([cipher.update(pad(text)), cipher.final()]);
  return ["v1", keyId, Buffer.concat([iv, encrypted, cipher.getAuthTag()]).toString("base64url")].join(".");
};

/** @throws UnsealError */
export const unsealText = (secret: string, id: string, sealed: string): string => {
  const [version, sealedBy, content = ""] = sealed.split(".");
  const { key, keyId } = keyOf(secret);
  const bytes = Buffer.from(content, "base64url");
  if (version !== "v1" || bytes.length !== IV + PADDED + TAG) throw new UnsealError("not a sealed text");
  if (sealedBy !== keyId) throw new UnsealError("sealed with another APP_SECRET");
  // Without authTagLength, Node accepts a tag of 4 bytes too.
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV), { authTagLength: TAG })
    .setAAD(Buffer.from(id))
    .setAuthTag(bytes.subarray(-TAG));
  try {
    return unpad(Buffer.concat([decipher.update(bytes.subarray(IV, -TAG)), decipher.final()]));
  } catch (error) {
    throw new UnsealError("the sealed text was changed, or belongs to another record", { cause: error });
  }
};

/** Bytes. */
const IV = 12;
const TAG = 16;
const PADDED = 256;

const keyOf = (secret: string) => {
  const derive = (info: string, bytes: number) =>
    Buffer.from(hkdfSync("sha256", secret, "", `offstage:sealed:${info}`, bytes));
  return { key: derive("key", 32), keyId: derive("key id", 6).toString("base64url") };
};

/** The first byte is the length. */
const pad = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  if (bytes.length >= PADDED) throw new RangeError(`a text to seal has at most ${PADDED - 1} bytes`);
  return Buffer.concat([Buffer.of(bytes.length), bytes], PADDED);
};

const unpad = (padded: Buffer): string => padded.subarray(1, 1 + (padded[0] ?? 0)).toString();
