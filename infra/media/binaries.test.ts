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
const program = async (name: string, says = " V..... libx264 x\\n A..... aac x", code = 0) => {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\nprintf '${says}\\n'\nexit ${code}\n`);
  await chmod(path, 0o755);
  return path;
};

test("a variable goes before PATH, and PATH before the packages", async () => {
  const [own, packaged] = [await program("own"), await program("packaged")];
  expect(await findBinaries({}, () => packaged)).toEqual({ ffmpeg: packaged, ffprobe: packaged });
  await program("ffmpeg");
  await program("ffprobe");
  expect(await findBinaries({}, () => packaged)).toEqual({ ffmpeg: "ffmpeg", ffprobe: "ffprobe" });
  expect(await findBinaries({ ffmpegPath: own }, none)).toEqual({ ffmpeg: own, ffprobe: "ffprobe" });
});

test("says what is missing, and how to get it", async () => {
  const { missing } = (await findBinaries({}, none)) as { missing: string };
  expect(missing).toMatch(
    /^ffmpeg is needed: there is no ffmpeg on PATH\. Install it \(apt-get install ffmpeg/,
  );
  expect(missing).toContain("set FFMPEG_PATH");
  expect(missing).toContain("there is no ffprobe on PATH");
});

test("a variable that leads nowhere is not passed over in silence", async () => {
  await program("ffmpeg");
  await program("ffprobe");
  expect(await findBinaries({ ffmpegPath: "/nowhere/ffmpeg" }, none)).toEqual({
    missing: "FFMPEG_PATH is set, but there is no ffmpeg there.",
  });
});

test("goes on to the packages where the program on PATH cannot encode", async () => {
  await program("ffmpeg", " V..... mpeg4 x");
  await program("ffprobe");
  const packaged = await program("packaged");
  expect(await findBinaries({}, () => packaged)).toEqual({ ffmpeg: packaged, ffprobe: "ffprobe" });
  const { missing } = (await findBinaries({}, none)) as { missing: string };
  expect(missing).toContain("the ffmpeg on PATH cannot encode libx264 and aac");
});

test("notices a program that does not run", async () => {
  await program("ffmpeg", "", 3);
  await program("ffprobe");
  const { missing } = (await findBinaries({}, none)) as { missing: string };
  expect(missing).toContain("the ffmpeg on PATH does not run (3)");
});

test("the packages have both", async () => {
  const found = await findBinaries({});
  expect(found).toEqual({
    ffmpeg: expect.stringContaining("@ffmpeg-installer"),
    ffprobe: expect.stringContaining("@ffprobe-installer"),
  });
});
