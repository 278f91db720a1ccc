import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findBinaries } from "./binaries.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "offstage-test-binaries-"));
  vi.stubEnv("PATH", folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const none = () => undefined;
const program = async (name: string, output = " V..... libx264 x\\n A..... aac x", code = 0) => {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\nprintf '${output}\\n'\nexit ${code}\n`);
  await chmod(path, 0o755);
  return path;
};

test("a variable takes precedence over PATH, and PATH over the packages", async () => {
  const [own, packaged] = [await program("own"), await program("packaged")];
  expect(await findBinaries({}, () => packaged)).toEqual({ ffmpeg: packaged, ffprobe: packaged });
  await program("ffmpeg");
  await program("ffprobe");
  expect(await findBinaries({}, () => packaged)).toEqual({ ffmpeg: "ffmpeg", ffprobe: "ffprobe" });
  expect(await findBinaries({ ffmpegPath: own }, none)).toEqual({ ffmpeg: own, ffprobe: "ffprobe" });
});

test("reports what is missing and how to install it", async () => {
  const { missing } = (await findBinaries({}, none)) as { missing: string };
  expect(missing).toMatch(
    /^ffmpeg is needed: ffmpeg was not found on PATH\. Install it \(apt-get install ffmpeg/,
  );
  expect(missing).toContain("set FFMPEG_PATH");
  expect(missing).toContain("ffprobe was not found on PATH");
});

test("reports a variable with a wrong path", async () => {
  await program("ffmpeg");
  await program("ffprobe");
  expect(await findBinaries({ ffmpegPath: "/nowhere/ffmpeg" }, none)).toEqual({
    missing: "FFMPEG_PATH is set, but ffmpeg was not found at that path.",
  });
});

test("uses the packages if the program on PATH cannot encode", async () => {
  await program("ffmpeg", " V..... mpeg4 x");
  await program("ffprobe");
  const packaged = await program("packaged");
  expect(await findBinaries({}, () => packaged)).toEqual({ ffmpeg: packaged, ffprobe: "ffprobe" });
  const { missing } = (await findBinaries({}, none)) as { missing: string };
  expect(missing).toContain("the ffmpeg on PATH cannot encode libx264 and aac");
});

test("reports a program that does not run", async () => {
  await program("ffmpeg", "", 3);
  await program("ffprobe");
  const { missing } = (await findBinaries({}, none)) as { missing: string };
  expect(missing).toContain("the ffmpeg on PATH does not run (3)");
});

test("the packages contain both programs", async () => {
  const found = await findBinaries({});
  expect(found).toEqual({
    ffmpeg: expect.stringContaining("@ffmpeg-installer"),
    ffprobe: expect.stringContaining("@ffprobe-installer"),
  });
});
