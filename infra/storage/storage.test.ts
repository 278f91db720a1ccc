import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { mountSmallDisk } from "../../test/support/servers/small-disk.ts";
import { createTestStorage, drivers, keysOf, type TestStorage } from "../../test/support/servers/storage.ts";
import { createLocalStorage } from "./local.ts";
import { createS3Storage } from "./s3.ts";
import { createSigner } from "./signature.ts";
import { ObjectMissingError, type Storage, StorageFullError, StorageUnavailableError } from "./storage.ts";

const SECRET = "a secret for tests, of more than 32 characters";
const delivery = { contentType: "image/png", contentDisposition: "inline", cacheControl: "private" };

describe.each(drivers)("the storage %s", (driver) => {
  let files: TestStorage;
  let storage: Storage;
  beforeAll(async () => {
    files = await createTestStorage(driver, SECRET);
    storage = files.storage;
  });
  afterAll(() => files[Symbol.asyncDispose]());

  test("returns the object that was written, with its type", async () => {
    await storage.write("uploads/1/source", Buffer.from("hello"), "image/png");
    expect(await storage.head("uploads/1/source")).toEqual({ bytes: 5, contentType: "image/png" });
    expect(await text(await storage.read("uploads/1/source"))).toBe("hello");
    expect(await text(await storage.read("uploads/1/source", { start: 1, end: 2 }))).toBe("el");
  });

  test("accepts streams: small, empty, and larger than a part", async () => {
    const large = Buffer.alloc(20 * 1024 * 1024 + 1, "large");
    for (const [key, body] of Object.entries({
      small: Buffer.from("small"),
      empty: Buffer.alloc(0),
      large,
    })) {
      const chunks = Array.from({ length: Math.ceil(body.length / 100_000) }, (_, index) =>
        body.subarray(index * 100_000, (index + 1) * 100_000),
      );
      await storage.write(`uploads/2/${key}`, Readable.from(chunks), "video/mp4");
      expect(await storage.head(`uploads/2/${key}`)).toEqual({
        bytes: body.length,
        contentType: "video/mp4",
      });
      expect((await buffer(await storage.read(`uploads/2/${key}`))).equals(body)).toBe(true);
    }
  });

  test("lists folders in order, page by page", async () => {
    expect(await storage.folders("pages/", undefined, 10)).toEqual([]);
    const names = Array.from({ length: 25 }, (_, index) => `folder-${index}`).toSorted();
    for (const name of names) {
      await storage.write(`pages/${name}/source`, Buffer.from("a"), "image/png");
      await storage.write(`pages/${name}/deeper/and/deeper`, Buffer.from("a"), "image/png");
    }
    await storage.write("pages/file", Buffer.from("not a folder"), "image/png");
    await storage.write("pages-2/other/source", Buffer.from("not below"), "image/png");
    const pages: string[][] = [];
    for (let after: string | undefined; ; after = pages.at(-1)?.at(-1)) {
      const page = await storage.folders("pages/", after, 10);
      if (page.length === 0) break;
      pages.push(page);
    }
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual(names);
    expect(await storage.folders("pages/", "folder-1x", 3)).toEqual(["folder-2", "folder-20", "folder-21"]);
    expect(await storage.folders("pages/", "folder-9", 3)).toEqual([]);
  });

  test("an object is replaced as a whole", async () => {
    await storage.write("uploads/3/source", Buffer.from("the first one"), "image/png");
    await storage.write("uploads/3/source", Buffer.from("next"), "image/gif");
    expect(await storage.head("uploads/3/source")).toEqual({ bytes: 4, contentType: "image/gif" });
  });

  test("publishes an object when the caller confirms, and discards it when the caller throws", async () => {
    for (const body of [Buffer.from("next"), Readable.from([Buffer.alloc(9 * 1024 * 1024)])]) {
      const key = `uploads/last/${Buffer.isBuffer(body) ? "small" : "large"}`;
      await storage.write(key, Buffer.from("first"), "image/png");
      const refused = storage.write(key, body, "image/gif", async () => {
        throw new Error("not now");
      });
      await expect(refused).rejects.toThrow("not now");
      expect(await storage.head(key)).toEqual({ bytes: 5, contentType: "image/png" });
    }
    const sizes: unknown[] = [];
    const recordSize = async () => sizes.push((await storage.head("uploads/last/small"))?.bytes);
    await storage.write("uploads/last/small", Buffer.from("next"), "image/png", async (publish) => {
      await recordSize();
      await publish();
      await recordSize();
    });
    expect(sizes).toEqual([5, 4]);
  });

  test("an interrupted write keeps the previous object and leaves nothing else", async () => {
    await storage.write("uploads/4/old", Buffer.from("old"), "image/png");
    for (const key of ["uploads/4/old", "uploads/4/new"]) {
      const interrupted = Readable.from(
        (async function* () {
          yield Buffer.alloc(9 * 1024 * 1024);
          throw new Error("interrupted");
        })(),
      );
      await expect(storage.write(key, interrupted, "image/png")).rejects.toThrow("interrupted");
    }
    expect(await keysOf(storage, "uploads/4/")).toEqual(["uploads/4/old"]);
    expect(await text(await storage.read("uploads/4/old"))).toBe("old");
    expect((await files.contents()).filter((name) => name.includes("incoming"))).toEqual([]);
  });

  test("a missing object is reported when it is read, and ignored when it is removed", async () => {
    expect(await storage.head("uploads/5/none")).toBeUndefined();
    await expect(storage.read("uploads/5/none")).rejects.toBeInstanceOf(ObjectMissingError);
    expect(await keysOf(storage, "uploads/5/")).toEqual([]);
    await storage.remove(["uploads/5/none"]);
    await storage.remove([]);
  });

  test("lists a folder recursively, and removes only the given objects", async () => {
    const keys = ["uploads/6/hls/720/index.m3u8", "uploads/6/hls/master.m3u8", "uploads/6/source"];
    for (const key of [...keys, "uploads/60/source"])
      await storage.write(key, Buffer.from("x"), "text/plain");
    expect(await keysOf(storage, "uploads/6/")).toEqual(keys);
    await storage.remove(keys);
    expect(await keysOf(storage, "uploads/6/")).toEqual([]);
    expect(await keysOf(storage, "uploads/60/")).toEqual(["uploads/60/source"]);
  });

  test("twenty concurrent writes and removals in one folder do not interfere", async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `uploads/7/image/${index}.webp`);
    for (let round = 0; round < 3; round++) {
      await Promise.all(keys.map((key) => storage.write(key, Buffer.from(key), "image/webp")));
      await Promise.all(
        keys.map((key, index) =>
          index % 2 ? storage.remove([key]) : storage.write(key, Buffer.from("2"), "image/webp"),
        ),
      );
    }
    expect(await keysOf(storage, "uploads/7/")).toHaveLength(10);
  });

  test.each([
    "../etc/passwd",
    "uploads/../../x",
    "/etc/passwd",
    "uploads/.hidden",
    "uploads//x",
    "uploads/a\0b",
    "",
    "uploads/1/",
    "a\\b",
    "x".repeat(501),
  ])("%j is rejected as a key", async (key) => {
    for (const attempt of [
      () => storage.write(key, Buffer.from("x"), "text/plain"),
      () => storage.read(key),
      () => storage.head(key),
      () => storage.remove([key]),
      () => storage.signPut(key, { bytes: 1, contentType: "text/plain" }),
      async () => storage.signGet(key, delivery),
    ])
      await expect(attempt()).rejects.toThrow("not a storage key");
  });
});

describe("the local storage", () => {
  const create = async () => {
    const files = await createTestStorage("local", SECRET);
    onTestFinished(() => files[Symbol.asyncDispose]());
    return files;
  };

  test("signs the file URL of an object", async () => {
    const { storage, folder } = await create();
    expect(fileURLToPath(await storage.signGet("uploads/1/a.png", delivery))).toBe(
      join(folder, "objects/uploads/1/a.png"),
    );
  });

  test("keeps no empty folders", async () => {
    const { storage, folder } = await create();
    await storage.write("uploads/1/hls/720/a.ts", Buffer.from("x"), "video/mp2t");
    await storage.remove(["uploads/1/hls/720/a.ts"]);
    expect(await readdir(join(folder, "objects"))).toEqual([]);
  });

  test("lists only objects, and ignores other files next to them", async () => {
    const { storage, folder } = await create();
    await storage.write("uploads/1/source", Buffer.from("x"), "image/png");
    const strays = [".DS_Store", ".nfs0001", ".a b.type", "a b", ".type"];
    for (const name of strays) await writeFile(join(folder, "objects/uploads/1", name), "stray");
    await mkdir(join(folder, "objects/uploads/1/.hidden"));
    await writeFile(join(folder, "objects/uploads/1/.hidden/file"), "stray");
    await writeFile(join(folder, "objects/uploads/1/.half.type"), "image/png");
    expect(await keysOf(storage, "uploads/1/")).toEqual(["uploads/1/half", "uploads/1/source"]);
    await storage.remove(["uploads/1/half", "uploads/1/source"]);
    expect(await keysOf(storage, "uploads/1/")).toEqual([]);
    expect((await readdir(join(folder, "objects/uploads/1"))).sort()).toEqual([...strays, ".hidden"].sort());
  });

  test("removes old partial files of killed processes", async () => {
    const { storage, folder } = await create();
    await mkdir(join(folder, "incoming"));
    for (const name of ["old", "new"]) await writeFile(join(folder, "incoming", name), "half");
    const twoHoursAgo = Date.now() / 1_000 - 7_200;
    await utimes(join(folder, "incoming/old"), twoHoursAgo, twoHoursAgo);
    await storage.write("uploads/1/source", Buffer.from("x"), "image/png");
    expect(await readdir(join(folder, "incoming"))).toEqual(["new"]);
  });

  test("a full disk is reported, and no partial file is kept", async () => {
    const { folder } = await create();
    const disk = join(folder, "disk");
    // If mounting a small disk is not permitted, the write is made to fail.
    const isSmall = await mountSmallDisk(disk);
    const storage = createLocalStorage({ folder: disk, signer: createSigner(SECRET) });
    const tooMuch = isSmall
      ? Readable.from(Array.from({ length: 40 }, () => Buffer.alloc(100_000)))
      : Readable.from(failAfter(100_000, Object.assign(new Error("no space left"), { code: "ENOSPC" })));
    await expect(storage.write("uploads/1/source", tooMuch, "image/png")).rejects.toBeInstanceOf(
      StorageFullError,
    );
    expect(await storage.head("uploads/1/source")).toBeUndefined();
    expect(await readdir(join(disk, "incoming"))).toEqual([]);
    await storage.write("uploads/1/source", Buffer.alloc(100_000), "image/png");
    expect(await storage.head("uploads/1/source")).toMatchObject({ bytes: 100_000 });
  });
});

async function* failAfter(bytes: number, error: Error) {
  yield Buffer.alloc(bytes);
  throw error;
}

describe("S3", () => {
  test("an unreachable store is reported as unavailable", async () => {
    const storage = createS3Storage({
      bucket: "files",
      region: "us-east-1",
      endpoint: "http://127.0.0.1:9",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    onTestFinished(() => storage.close());
    await expect(storage.head("uploads/1/source")).rejects.toBeInstanceOf(StorageUnavailableError);
  });

  test("signed URLs use the public endpoint", async () => {
    const storage = createS3Storage({
      bucket: "files",
      region: "eu-central-1",
      endpoint: "http://store.internal:7070",
      publicEndpoint: "https://files.example.com",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    onTestFinished(() => storage.close());
    const { url } = await storage.signPut("uploads/1/source", { bytes: 5, contentType: "image/png" });
    const { origin, pathname, searchParams } = new URL(url);
    expect([origin, pathname]).toEqual(["https://files.example.com", "/files/uploads/1/source"]);
    expect(searchParams.get("X-Amz-SignedHeaders")).toBe("content-length;content-type;host");
    expect(searchParams.get("X-Amz-Expires")).toBe("300");
  });
});
