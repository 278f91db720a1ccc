import { createHmac, timingSafeEqual } from "node:crypto";
import { SIGNED_FOR, type StoredObject } from "./storage.ts";

/** What a signed URL of the local storage allows. */
export interface Permit extends StoredObject {
  key: string;
  /** Seconds since 1970. */
  expires: number;
}

/** The path below which the API accepts the PUTs of signed URLs. */
export const PUT_PATH = "/storage/";

/** Signs and verifies URLs that permit the upload of one object. */
export const createSigner = (appSecret: string) => {
  // A separate key, so that no other signature of the application is valid here.
  const secret = createHmac("sha256", appSecret).update("storage:put").digest();
  const signatureOf = ({ key, contentType, bytes, expires }: Permit) =>
    createHmac("sha256", secret).update(["PUT", key, contentType, bytes, expires].join("\n")).digest();

  return {
    /** Returns the path and the query of the URL. */
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

    /**
     * Verifies a URL's signature and returns what it permits; undefined if it is invalid. The caller checks the expiry.
     */
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
