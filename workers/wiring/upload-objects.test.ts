import { afterAll, beforeAll, expect, test } from "vitest";
import { ObjectMissingError } from "../../infra/storage/storage.ts";
import { createTestStorage, keysOf, type TestStorage } from "../../test/support/servers/storage.ts";
import { createUploadObjects } from "./upload-objects.ts";

let files: TestStorage;
let objects: ReturnType<typeof createUploadObjects>;
beforeAll(async () => {
  files = await createTestStorage("local", "a secret");
  objects = createUploadObjects(files.storage);
});
afterAll(() => files[Symbol.asyncDispose]());

test("objects are written and read below their upload", async () => {
  await objects.write("1", "hls/master.m3u8", "#EXTM3U", "application/vnd.apple.mpegurl");
  await objects.write("1", "image/160.jpg", Buffer.from("jpeg"), "image/jpeg");
  expect(await objects.readText("1", "hls/master.m3u8")).toBe("#EXTM3U");
  expect(await objects.read("1", "image/160.jpg")).toEqual(Buffer.from("jpeg"));
  expect(await keysOf(files.storage, "uploads/1/")).toEqual([
    "uploads/1/hls/master.m3u8",
    "uploads/1/image/160.jpg",
  ]);
});

test("a missing object is undefined as bytes, and an error as text", async () => {
  expect(await objects.read("1", "none")).toBeUndefined();
  await expect(objects.readText("1", "none")).rejects.toThrow(ObjectMissingError);
});

test("other errors of the storage are thrown", async () => {
  const broken = { ...files.storage, read: () => Promise.reject(new Error("unavailable")) };
  await expect(createUploadObjects(broken).read("1", "source")).rejects.toThrow("unavailable");
});
