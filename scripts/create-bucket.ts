import { CreateBucketCommand, PutBucketCorsCommand, S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { loadConfigOrExit } from "../infra/config.ts";

// Makes the bucket of STORAGE_URL and lets our pages put files into it, for the store of docker-compose.yml. Elsewhere
// that is the business of whoever runs the store.

const { storageUrl, s3Region, s3Endpoint, s3Credentials, publicUrl } = loadConfigOrExit("api");
const { protocol, hostname: Bucket } = new URL(storageUrl);

const client = new S3Client({
  region: s3Region,
  ...(s3Endpoint && { endpoint: s3Endpoint, forcePathStyle: true }),
  ...(s3Credentials && { credentials: s3Credentials }),
  maxAttempts: 20, // it may just be starting
});

const create = async () => {
  await client.send(new CreateBucketCommand({ Bucket })).catch((error: unknown) => {
    // It is there. If it is another user's, the next step fails.
    if (!(error instanceof S3ServiceException && error.$metadata.httpStatusCode === 409)) throw error;
  });
  const rule = { AllowedMethods: ["GET", "PUT"], AllowedOrigins: [publicUrl], AllowedHeaders: ["*"] };
  await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }));
  console.log(`the bucket ${Bucket} takes files from ${publicUrl}`);
};

if (protocol === "s3:") await create();
else console.log("STORAGE_URL is no s3://bucket: nothing to do");
