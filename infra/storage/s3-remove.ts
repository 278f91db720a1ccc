import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  type S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";

/** The maximum number of keys per DeleteObjects request. */
const BATCH = 1_000;
/** The number of concurrent requests when objects are removed one by one. */
const AT_ONCE = 8;

/**
 * Removes objects a thousand at a time, or one by one if the store refuses that.
 * @throws Error if an object was not removed. Missing objects are ignored.
 */
export const removeObjects = async (client: S3Client, bucket: string, keys: readonly string[]) => {
  for (const batch of inBatches(keys, BATCH)) {
    try {
      await removeTogether(client, bucket, batch);
    } catch (error) {
      if (!isRefused(error)) throw error;
      await removeOneByOne(client, bucket, batch);
    }
  }
};

const removeTogether = async (client: S3Client, Bucket: string, keys: readonly string[]) => {
  const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
  const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
  const kept = Errors.filter(({ Code }) => Code !== "NoSuchKey");
  if (kept.length > 0) throw new Error(`${kept.length} objects were not removed: ${kept[0]?.Code}`);
};

const removeOneByOne = async (client: S3Client, Bucket: string, keys: readonly string[]) => {
  for (const batch of inBatches(keys, AT_ONCE))
    await Promise.all(
      batch.map((Key) => client.send(new DeleteObjectCommand({ Bucket, Key })).catch(unlessNoSuchKey)),
    );
};

/**
 * Whether the store refuses the whole request: it requires another checksum (400 MissingContentMD5, InvalidDigest,
 * InvalidRequest), or has no DeleteObjects (405, 501). Requests for single objects then succeed, or fail with the
 * actual reason.
 */
const isRefused = (error: unknown) =>
  error instanceof S3ServiceException && [400, 405, 501].includes(error.$metadata.httpStatusCode ?? 0);

const unlessNoSuchKey = (error: unknown): undefined => {
  if (!(error instanceof S3ServiceException) || error.name !== "NoSuchKey") throw error;
};

function* inBatches(keys: readonly string[], size: number) {
  for (let start = 0; start < keys.length; start += size) yield keys.slice(start, start + size);
}
