import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { sendContentMd5 } from "./content-md5.ts";
import { removeObjects } from "./s3-remove.ts";
import {
  type Around,
  checkKey,
  ObjectMissingError,
  SIGNED_FOR,
  type Storage,
  StorageFullError,
  StorageUnavailableError,
} from "./storage.ts";

/** Bytes per part of a multipart upload. S3 requires at least 5 MiB and accepts at most 10,000 parts. */
const PART = 8 * 1024 * 1024;

export interface S3Options {
  bucket: string;
  region: string;
  /** The URL of an S3-compatible store that is not AWS. */
  endpoint?: string | undefined;
  /** The URL at which clients reach the same store, if it differs. */
  publicEndpoint?: string | undefined;
  /** By default from the environment: roles, profiles, AWS_ACCESS_KEY_ID. */
  credentials?: { accessKeyId: string; secretAccessKey: string } | undefined;
}

/** Stores objects in a bucket of S3 or of a compatible store. Clients upload and download directly. */
export const createS3Storage = ({ bucket, publicEndpoint, ...options }: S3Options): Storage => {
  const client = connect(options);
  // The signature includes the host.
  const signer = publicEndpoint ? connect({ ...options, endpoint: publicEndpoint }) : client;
  const object = (key: string) => ({ Bucket: bucket, Key: checkKey(key) });

  const writeParts = async (
    key: string,
    parts: AsyncIterable<Buffer>,
    contentType: string,
    around: Around,
  ) => {
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ ...object(key), ContentType: contentType }),
    );
    const upload = { ...object(key), UploadId };
    try {
      const sent: CompletedPart[] = [];
      for await (const Body of parts) {
        const PartNumber = sent.length + 1;
        const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
        sent.push({ PartNumber, ETag });
      }
      await around(async () => {
        await client.send(
          new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: sent } }),
        );
      });
    } catch (error) {
      // If this fails too, the bucket's lifecycle rule removes the parts.
      await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
      throw error;
    }
  };

  return {
    origin: new URL(
      publicEndpoint ?? options.endpoint ?? `https://${bucket}.s3.${options.region}.amazonaws.com`,
    ).origin,

    signPut: async (key, { bytes, contentType }) => {
      const command = new PutObjectCommand({
        ...object(key),
        ContentType: contentType,
        ContentLength: bytes,
      });
      const url = await getSignedUrl(signer, command, {
        expiresIn: SIGNED_FOR,
        // By default the SDK does not sign the type, and any type would be accepted.
        signableHeaders: new Set(["content-type", "content-length"]),
      });
      return { url, headers: { "Content-Type": contentType } };
    },

    signGet: (key, { contentType, contentDisposition, cacheControl }) =>
      getSignedUrl(
        signer,
        new GetObjectCommand({
          ...object(key),
          ResponseContentType: contentType,
          ResponseContentDisposition: contentDisposition,
          ResponseCacheControl: cacheControl,
        }),
        { expiresIn: SIGNED_FOR },
      ),

    head: async (key) => {
      const found = await client.send(new HeadObjectCommand(object(key))).catch(unlessMissing);
      if (!found) return undefined;
      const { ContentLength = 0, ContentType = "application/octet-stream" } = found;
      return { bytes: ContentLength, contentType: ContentType };
    },

    read: async (key, range) => {
      const Range = range && `bytes=${range.start}-${range.end}`;
      const found = await client.send(new GetObjectCommand({ ...object(key), Range })).catch(unlessMissing);
      if (!(found?.Body instanceof Readable)) throw new ObjectMissingError(key);
      return found.Body;
    },

    write: async (key, body, contentType, around = (publish) => publish()) => {
      const put = (Body: Buffer) =>
        around(async () => {
          await client.send(new PutObjectCommand({ ...object(key), Body, ContentType: contentType }));
        });
      if (Buffer.isBuffer(body)) return put(body);
      const parts = partsOf(body);
      try {
        const { value: first } = await parts.next();
        const { value: second } = await parts.next();
        if (!second) await put(first ?? Buffer.alloc(0));
        else await writeParts(key, startingWith([first, second], parts), contentType, around);
      } finally {
        // Closes the body if it was not read to the end.
        await parts.return(undefined);
      }
    },

    list: async function* (prefix) {
      for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix }))
        for (const { Key } of page.Contents ?? []) if (Key) yield Key;
    },

    folders: async (Prefix, after = "", limit) => {
      const names: string[] = [];
      const input = { Bucket: bucket, Prefix, Delimiter: "/", ...(after && { StartAfter: Prefix + after }) };
      for await (const page of paginateListObjectsV2({ client, pageSize: Math.min(limit, 1_000) }, input)) {
        for (const { Prefix: folder = "" } of page.CommonPrefixes ?? []) {
          const name = folder.slice(Prefix.length, -1);
          // The folder `after` itself: its keys begin with its name, and are greater.
          if (name > after) names.push(name);
        }
        if (names.length >= limit) break;
      }
      return names.slice(0, limit);
    },

    remove: async (keys) => removeObjects(client, bucket, keys.map(checkKey)),

    close: () => {
      for (const each of new Set([client, signer])) each.destroy();
    },
  };
};

const connect = ({ region, endpoint, credentials }: Omit<S3Options, "bucket" | "publicEndpoint">) => {
  const client = new S3Client({
    region,
    ...(credentials && { credentials }),
    // Other stores have no host name per bucket.
    ...(endpoint && { endpoint, forcePathStyle: true }),
    // Other stores do not support the SDK's checksums, and a signed URL cannot contain them.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // The SDK has no timeouts by default.
    requestHandler: { connectionTimeout: 3_000, socketTimeout: 30_000 },
  });
  if (endpoint) sendContentMd5(client);
  client.middlewareStack.add(
    (next) => (args) =>
      next(args).catch((error: unknown) => {
        throw toStorageError(error);
      }),
    { step: "initialize", name: "storageErrors" },
  );
  return client;
};

/** An error without a status means that there was no response. */
const toStorageError = (error: unknown): unknown => {
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  if (status === 507) return new StorageFullError({ cause: error });
  // 501: the store does not have this operation.
  const isUnavailable = status === undefined || status === 429 || (status >= 500 && status !== 501);
  return isUnavailable ? new StorageUnavailableError("the storage is unavailable", { cause: error }) : error;
};

const unlessMissing = (error: unknown): undefined => {
  if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 404) throw error;
};

/** Splits a body into parts of equal size; the last may be shorter. */
async function* partsOf(body: Readable): AsyncGenerator<Buffer, undefined> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    bytes += chunks.at(-1)?.length ?? 0;
    while (bytes >= PART) {
      const all = Buffer.concat(chunks);
      yield all.subarray(0, PART);
      chunks = [all.subarray(PART)];
      bytes -= PART;
    }
  }
  if (bytes > 0) yield Buffer.concat(chunks);
  return undefined;
}

async function* startingWith<Item>(first: Iterable<Item | undefined>, rest: AsyncIterable<Item>) {
  for (const item of first) if (item !== undefined) yield item;
  yield* rest;
}
