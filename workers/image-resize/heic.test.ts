import { expect, test } from "vitest";
import { heic } from "../../test/support/media/images.ts";
import { decodeHeic } from "./heic.ts";

const limits = { maxPixels: 50e6, maxMemory: 800e6 };
const signal = new AbortController().signal;

test("throws an error with the text that the decoder prints", async () => {
  const decoding = decodeHeic(Buffer.from("\0\0\0\x18ftypheic"), limits, signal);
  await expect(decoding).rejects.toThrow("Could not parse HEIF file");
});

test("fails if it needs more memory or has more pixels than allowed", async () => {
  const little = decodeHeic(await heic("large"), { ...limits, maxMemory: 20e6 }, signal);
  await expect(little).rejects.toThrow("Memory allocation error");
  const small = decodeHeic(await heic("two"), { ...limits, maxPixels: 38_399 }, signal);
  await expect(small).rejects.toThrow("240 × 160 pixels");
});

test("stops when its signal aborts", async () => {
  const stop = new AbortController();
  const decoding = decodeHeic(await heic("phone"), limits, stop.signal);
  stop.abort(new Error("the process shuts down"));
  await expect(decoding).rejects.toThrow("the process shuts down");
});
