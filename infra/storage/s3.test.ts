import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { createS3Storage } from "./s3.ts";
import { StorageFullError, StorageUnavailableError } from "./storage.ts";

// What a store answers when it is not well, which a store for tests never does.

const MIB = 1024 * 1024;

const open = async (answer: RequestListener) => {
  const server = createServer(answer).listen(0, "127.0.0.1");
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
])("a store that answers %i is reported as such", async (status, error) => {
  const storage = await withStatus(status);
  await expect(storage.write("uploads/1/a", Buffer.from("x"), "image/png")).rejects.toBeInstanceOf(error);
});

test("a store that refuses us is neither full nor away", async () => {
  const refused = await (await withStatus(403)).head("uploads/1/a").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Error);
  expect(refused).not.toBeInstanceOf(StorageUnavailableError);
});

/** The beginning of an upload in parts; what is asked, and how large each part is. */
const openForParts = async (statusOfPart: number) => {
  const asked: string[] = [];
  const sizes: number[] = [];
  const answer = async (request: IncomingMessage) => {
    const { method = "", url = "" } = request;
    const what = `${method} ${url.replace(/.*\?/, "").replace(/&?x-id=\w+&?/, "")}`;
    const { length } = await buffer(request);
    asked.push(what);
    if (method === "POST" && what.includes("uploads")) return { body: "<R><UploadId>7</UploadId></R>" };
    if (method === "PUT") sizes.push(length);
    if (method === "PUT") return { status: statusOfPart };
    return { body: "<R></R>" };
  };
  const storage = await open((request, response) => {
    void answer(request).then(({ status = 200, body = "" }: { status?: number; body?: string }) =>
      response.writeHead(status, { ETag: `"e"` }).end(body),
    );
  });
  return { storage, asked, sizes };
};

test("parts have one size, however large the pieces are that come", async () => {
  const { storage, asked, sizes } = await openForParts(200);
  await storage.write("uploads/1/a", Readable.from([Buffer.alloc(17 * MIB)]), "video/mp4");
  expect(sizes).toEqual([8 * MIB, 8 * MIB, MIB]);
  expect(asked.at(-1)).toBe("POST uploadId=7");
});

test("what cannot be finished is given up, so that its parts cost nothing", async () => {
  const { storage, asked } = await openForParts(403);
  const writing = storage.write("uploads/1/a", Readable.from([Buffer.alloc(9 * MIB)]), "video/mp4");
  await expect(writing).rejects.toThrow();
  expect(asked.at(-1)).toBe("DELETE uploadId=7");
});

test("a body is closed even if no one asked for all of it", async () => {
  const storage = await withStatus(403);
  const body = Readable.from(Array.from({ length: 5 }, () => Buffer.alloc(8 * MIB)));
  await expect(storage.write("uploads/1/a", body, "video/mp4")).rejects.toThrow();
  expect(body.destroyed).toBe(true);
});

test("no more is removed at once than a store takes, and all of it", async () => {
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

test("what a store does not remove is reported", async () => {
  const refusal =
    "<DeleteResult><Error><Key>uploads/1/a</Key><Code>AccessDenied</Code></Error></DeleteResult>";
  const storage = await open((request, response) => {
    request.resume().on("end", () => response.end(refusal));
  });
  await expect(storage.remove(["uploads/1/a"])).rejects.toThrow("1 objects were not removed: AccessDenied");
});
