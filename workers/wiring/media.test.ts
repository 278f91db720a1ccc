import { expect, test } from "vitest";
import { loadConfig } from "../../infra/config.ts";
import type { Infrastructure } from "./infrastructure.ts";
import { openWorkspace } from "./media.ts";

test("a process without ffmpeg logs one warning, even if several modules need ffmpeg", async () => {
  const warnings: string[] = [];
  const infrastructure: Infrastructure = {
    config: loadConfig("worker", { FFMPEG_PATH: "/nowhere/ffmpeg" }),
    log: { info: () => {}, warn: (_fields, message) => void warnings.push(message), error: () => {} },
    prisma: {} as Infrastructure["prisma"],
    jobs: {} as Infrastructure["jobs"],
    storage: {} as Infrastructure["storage"],
    onClose: () => {},
  };
  expect(await Promise.all([openWorkspace(infrastructure), openWorkspace(infrastructure)])).toEqual([
    undefined,
    undefined,
  ]);
  expect(warnings).toEqual([
    expect.stringContaining("FFMPEG_PATH is set, but ffmpeg was not found at that path."),
  ]);
});
