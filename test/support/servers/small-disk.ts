import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { onTestFinished } from "vitest";

/** Mounts a file system of 1 MB for the rest of a test. Resolves with false if mounting is not permitted. */
export const mountSmallDisk = async (path: string): Promise<boolean> => {
  await mkdir(path, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "ignore" });
  } catch {
    return false;
  }
  onTestFinished(() => void execFileSync("umount", ["--lazy", path]));
  return true;
};
