import { createHmac, timingSafeEqual } from "node:crypto";
import { SIGNED_FOR, type StoredObject } from "./storage.ts";

/** What a signed URL of the local storage permits. */
export interface Permit extends StoredObject {
  key: string;
  /** Seconds since 1970. */
  expires: number;
}

/** The path below which the API takes the objects of signed URLs. */
export const PUT_PATH = "/storage/";

/** Signs the permission to put one object, and reads what it signed. */
export const createSigner = (appSecret: string) => {
  // A key of its own, so that no other signature of the application can pass for one of these.
  const secret = createHmac("sha256", appSecret).update("storage:put").digest();
  const signatureOf = ({ key, contentType, bytes, expires }: Permit) =>
    createHmac("sha256", secret).update(["PUT", key, contentType, bytes, expires].join("\n")).digest();

  return {
    /** Path and query of the URL. */
    sign: (key: string, object: StoredObject, now = Date.now()): string => {
      const permit = { key, ...object, expires: Math.floor(now / 1_000) + SIGNED_FOR };
      const query = new URLSearchParams({
        type: permit.contentType,
        bytes: String(permit.bytes),
        expires: String(permit.expires),
        signature: signatureOf(permit).toString("base64url"),
      });
      return `${PUT_PATH}${key}?${query.toString()}`;
    },

    /** Verifies a URL's signature and returns what it permits; undefined if it is not ours. The caller checks the expiry. */
    read: (key: string, query: URLSearchParams): Permit | undefined => {
      const permit = {
        key,
        contentType: query.get("type") ?? "",
        bytes: Number(query.get("bytes")),
        expires: Number(query.get("expires")),
      };
      const given = Buffer.from(query.get("signature") ?? "", "base64url");
      const expected = signatureOf(permit);
      return given.length === expected.length && timingSafeEqual(given, expected) ? permit : undefined;
    },
  };
};

export type Signer = ReturnType<typeof createSigner>;
