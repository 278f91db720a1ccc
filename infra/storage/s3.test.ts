import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { openFakeStore } from "../../test/support/servers/fake-store.ts";
import { StorageFullError, StorageUnavailableError } from "./storage.ts";

// Error responses, which the S3 server of the other tests never sends.

const MIB = 1024 * 1024;

const withStatus = (status: number) =>
  openFakeStore(
    (request, response) => void request.resume().on("end", () => response.writeHead(status).end()),
  );

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
  const storage = await openFakeStore((request, response) => {
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

/** A store that responds to each request for removal, and records all requests. */
const openRemoval = async (respond: (request: { isBulk: boolean; key: string }) => [number, string?]) => {
  const requests: { isBulk: boolean; keys: string[]; headers: IncomingMessage["headers"]; body: string }[] =
    [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const storage = await openFakeStore((request, response) => {
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    void text(request).then((body) => {
      atOnce -= 1;
      const isBulk = request.method === "POST";
      const key = new URL(request.url!, "http://store").pathname.replace("/files/", "");
      const keys = isBulk ? [...body.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, each]) => each!) : [key];
      requests.push({ isBulk, keys, headers: request.headers, body });
      const [status, answer] = respond({ isBulk, key });
      response.writeHead(status).end(answer);
    });
  });
  return { storage, requests, mostAtOnce: () => mostAtOnce };
};

const error = (code: string) => `<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
const removed = "<DeleteResult></DeleteResult>";
const manyKeys = (count: number) => Array.from({ length: count }, (_, index) => `uploads/1/${index}`);

test("objects are removed in batches of 1,000", async () => {
  const { storage, requests } = await openRemoval(() => [200, removed]);
  await storage.remove(manyKeys(2_001));
  expect(requests.map(({ isBulk, keys }) => isBulk && keys.length)).toEqual([1_000, 1_000, 1]);
});

test("a removal has the Content-MD5 that older stores require, and no checksum that they do not know", async () => {
  const { storage, requests } = await openRemoval(() => [200, removed]);
  await storage.remove(["uploads/1/a"]);
  const [{ headers, body } = expect.unreachable()] = requests;
  expect(headers["content-md5"]).toBe(createHash("md5").update(body).digest("base64"));
  expect(Object.keys(headers).filter((name) => name.includes("checksum"))).toEqual([]);
  expect(headers.authorization).toContain("content-md5");
});

test.each([
  [400, "MissingContentMD5"],
  [400, "InvalidDigest"],
  [400, "InvalidRequest"],
  [405, "MethodNotAllowed"],
  [501, "NotImplemented"],
])("objects are removed one by one if the store refuses to remove many: %i %s", async (status, code) => {
  const { storage, requests, mostAtOnce } = await openRemoval(({ isBulk, key }) =>
    isBulk ? [status, error(code)] : key.endsWith("/7") ? [404, error("NoSuchKey")] : [204],
  );
  await storage.remove(manyKeys(50));
  const single = requests.filter(({ isBulk }) => !isBulk);
  expect(single.flatMap(({ keys }) => keys).sort()).toEqual(manyKeys(50).sort());
  expect(requests).toHaveLength(51);
  expect(mostAtOnce()).toBeLessThanOrEqual(8);
});

test.each([
  [403, "AccessDenied"],
  [404, "NoSuchBucket"],
])("a removal that is not permitted fails: %i %s", async (status, code) => {
  for (const isRefused of [true, false]) {
    const { storage } = await openRemoval(({ isBulk }) =>
      isBulk && isRefused ? [501, error("NotImplemented")] : [status, error(code)],
    );
    await expect(storage.remove(["uploads/1/a"])).rejects.toMatchObject({ name: code });
  }
});

test("objects that the store does not remove are reported, except missing ones", async () => {
  const errors = (...codes: string[]) =>
    `<DeleteResult>${codes.map((code) => `<Error><Key>uploads/1/a</Key><Code>${code}</Code></Error>`).join("")}</DeleteResult>`;
  const { storage } = await openRemoval(() => [200, errors("NoSuchKey", "AccessDenied")]);
  await expect(storage.remove(["uploads/1/a"])).rejects.toThrow("1 objects were not removed: AccessDenied");
  const { storage: other } = await openRemoval(() => [200, errors("NoSuchKey")]);
  await other.remove(["uploads/1/a"]);
});

test("files are sent without the checksums and the encoding that other stores refuse", async () => {
  const names = new Set<string>();
  const storage = await openFakeStore((request, response) => {
    for (const name of Object.keys(request.headers)) names.add(name);
    request.resume().on("end", () => response.setHeader("ETag", `"e"`).end("<R><UploadId>7</UploadId></R>"));
  });
  await storage.write("uploads/1/a", Buffer.from("x"), "image/png");
  await storage.write("uploads/1/a", Readable.from([Buffer.alloc(9 * MIB)]), "video/mp4");
  const { url } = await storage.signPut("uploads/1/a", { bytes: 1, contentType: "image/png" });
  const sent = [...names, ...new URL(url).searchParams.keys()].map((name) => name.toLowerCase());
  expect(sent.filter((name) => /checksum|trailer|encoding/.test(name))).toEqual([]);
});
