import { createHash } from "node:crypto";
import type { S3Client } from "@aws-sdk/client-s3";

/**
 * Sends Content-MD5 in place of the SDK's checksum where S3 requires one (DeleteObjects, PutBucketCors). AWS accepts
 * both; many other stores know Content-MD5 only.
 * https://github.com/aws/aws-sdk-js-v3/blob/main/supplemental-docs/MD5_FALLBACK.md
 */
export const sendContentMd5 = (client: S3Client): void => {
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers, body } = args.request as Request;
      const checksums = Object.keys(headers).filter((name) => /^x-amz-(sdk-)?checksum-/i.test(name));
      if (checksums.length === 0 || body === undefined) return next(args);
      for (const name of checksums) delete headers[name];
      headers["content-md5"] = createHash("md5").update(body).digest("base64");
      return next(args);
    },
    // After the SDK's checksum in the same step, and before the signature.
    { step: "build", priority: "low", name: "contentMd5" },
  );
};

interface Request {
  headers: Record<string, string>;
  body?: string | Uint8Array;
}
