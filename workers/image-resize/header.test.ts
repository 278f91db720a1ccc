import { expect, test } from "vitest";
import { heic } from "../../test/support/media/images.ts";
import { PermanentError } from "../core/index.ts";
import { readHeader } from "./header.ts";

test("without libheif-js, HEIC is rejected with the supported formats", async () => {
  const rejected = readHeader(await heic("phone"), false);
  await expect(rejected).rejects.toThrow(PermanentError);
  await expect(rejected).rejects.toThrow(
    "HEIC is not supported. Please upload a JPEG, PNG, WebP, AVIF or GIF image.",
  );
  await expect(readHeader(Buffer.from("text"), false)).rejects.toThrow(
    "The file is not a JPEG, PNG, WebP, AVIF or GIF image.",
  );
});
