import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { createS3Storage } from "./s3.ts";
import { StorageFullError, StorageUnavailableError } from "./storage.ts";

// Error responses, which the S3 server of the other tests never sends.

const MIB = 1024 * 1024;

const open = async (respond: RequestListener) => {
  const server = createServer(respond).listen(0, "127.0.0.1");
  await once(server, "listening");
  const storage = createS3Storage({
    bucket: "files",
    region: "us-east-1",
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
  onTestFinished(() => {
    storage.close();
    server.close();
    server.closeAllConnections();
  });
  return storage;
};

const withStatus = (status: number) =>
  open((request, response) => void request.resume().on("end", () => response.writeHead(status).end()));

test.each([
  [507, StorageFullError],
  [429, StorageUnavailableError],
  [500, StorageUnavailableError],
  [503, StorageUnavailableError],
])("a response of %i is reported as a full or unavailable store", async (status, error) => {
  const storage = await withStatus(status);
  await expect(storage.write("uploads/1/a", Buffer.from("x"), "image/png")).rejects.toBeInstanceOf(error);
});

test("a response of 403 is not reported as an unavailable store", async () => {
  const refused = await (await withStatus(403)).head("uploads/1/a").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Error);
  expect(refused).not.toBeInstanceOf(StorageUnavailableError);
});

/** A store for multipart uploads, which records each request and the size of each part. */
const openMultipart = async (statusOfPart: number) => {
  const requests: string[] = [];
  const sizes: number[] = [];
  const respond = async (request: IncomingMessage) => {
    const { method = "", url = "" } = request;
    const summary = `${method} ${url.replace(/.*\?/, "").replace(/&?x-id=\w+&?/, "")}`;
    const { length } = await buffer(request);
    requests.push(summary);
    if (method === "POST" && summary.includes("uploads")) return { body: "<R><UploadId>7</UploadId></R>" };
    if (method === "PUT") sizes.push(length);
    if (method === "PUT") return { status: statusOfPart };
    return { body: "<R></R>" };
  };
  const storage = await open((request, response) => {
    void respond(request).then(({ status = 200, body = "" }: { status?: number; body?: string }) =>
      response.writeHead(status, { ETag: `"e"` }).end(body),
    );
  });
  return { storage, requests, sizes };
};

test("all parts but the last have the same size, whatever the size of the chunks", async () => {
  const { storage, requests, sizes } = await openMultipart(200);
  await storage.write("uploads/1/a", Readable.from([Buffer.alloc(17 * MIB)]), "video/mp4");
  expect(sizes).toEqual([8 * MIB, 8 * MIB, MIB]);
  expect(requests.at(-1)).toBe("POST uploadId=7");
});

test("a multipart upload that fails is aborted, so that its parts are not kept", async () => {
  const { storage, requests } = await openMultipart(403);
  const writing = storage.write("uploads/1/a", Readable.from([Buffer.alloc(9 * MIB)]), "video/mp4");
  await expect(writing).rejects.toThrow();
  expect(requests.at(-1)).toBe("DELETE uploadId=7");
});

test("a body is closed even if it was not read to its end", async () => {
  const storage = await withStatus(403);
  const body = Readable.from(Array.from({ length: 5 }, () => Buffer.alloc(8 * MIB)));
  await expect(storage.write("uploads/1/a", body, "video/mp4")).rejects.toThrow();
  expect(body.destroyed).toBe(true);
});

test("objects are removed in batches of 1,000", async () => {
  const counts: number[] = [];
  const storage = await open((request, response) => {
    void text(request).then((body) => {
      counts.push(body.match(/<Key>/g)?.length ?? 0);
      response.end("<DeleteResult></DeleteResult>");
    });
  });
  await storage.remove(Array.from({ length: 2_001 }, (_, index) => `uploads/1/${index}`));
  expect(counts).toEqual([1_000, 1_000, 1]);
});

test("objects that the store does not remove are reported", async () => {
  const refusal =
    "<DeleteResult><Error><Key>uploads/1/a</Key><Code>AccessDenied</Code></Error></DeleteResult>";
  const storage = await open((request, response) => {
    request.resume().on("end", () => response.end(refusal));
  });
  await expect(storage.remove(["uploads/1/a"])).rejects.toThrow("1 objects were not removed: AccessDenied");
});
