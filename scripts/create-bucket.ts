import { CreateBucketCommand, PutBucketCorsCommand, S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { loadConfigOrExit } from "../infra/config.ts";
import { sendContentMd5 } from "../infra/storage/content-md5.ts";

// Creates the bucket of STORAGE_URL and allows uploads to it from the pages, for the store of docker-compose.yml.
// Elsewhere, the operator of the store does that.

const { storageUrl, s3Region, s3Endpoint, s3Credentials, publicUrl } = loadConfigOrExit("api");
const { protocol, hostname: Bucket } = new URL(storageUrl);

const client = new S3Client({
  region: s3Region,
  ...(s3Endpoint && { endpoint: s3Endpoint, forcePathStyle: true }),
  ...(s3Credentials && { credentials: s3Credentials }),
  maxAttempts: 20, // the store may still be starting
});

if (s3Endpoint) sendContentMd5(client);

const create = async () => {
  await client.send(new CreateBucketCommand({ Bucket })).catch((error: unknown) => {
    // It exists. If it belongs to another account, the next step fails.
    if (!(error instanceof S3ServiceException && error.$metadata.httpStatusCode === 409)) throw error;
  });
  const rule = { AllowedMethods: ["GET", "PUT"], AllowedOrigins: [publicUrl], AllowedHeaders: ["*"] };
  await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }));
  console.log(`The bucket ${Bucket} accepts uploads from ${publicUrl}.`);
};

if (protocol === "s3:") await create();
else console.log("STORAGE_URL is not an s3:// URL: nothing to do.");
