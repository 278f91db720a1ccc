import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Prisma } from "../../prisma/client/client.ts";
import { videoEncode } from "../../workers/video-encode/job.ts";
import { createTestApp, type TestApp } from "../support/app.ts";
import { missingChromium, startChromium } from "../support/chromium.ts";
import { createPeople, type SignedIn } from "../support/people.ts";

// What an owner sees of uploads in each state.

let app: TestApp;
let owner: SignedIn;
let browser: Browser | undefined;

describe("the page of uploads", () => {
  beforeAll(async () => {
    app = await createTestApp();
    owner = await createPeople(app).session("owner@example.com");
    const { id: userId } = await app.core.database.prisma.user.findFirstOrThrow();
    const add = (filename: string, more: Partial<Prisma.UploadCreateManyInput>) =>
      app.core.database.prisma.upload.create({
        data: { userId, filename, kind: "VIDEO", contentType: "video/mp4", bytes: 1, ...more },
      });
    const { id } = await add("busy.mp4", { state: "PROCESSING" });
    const jobId = await app.core.jobs.transaction(({ enqueue }) =>
      enqueue(videoEncode, { uploadId: id, height: 240 }),
    );
    await app.core.sql(`UPDATE "Job" SET "startedAt" = now() WHERE id = $1::uuid`, [jobId]);
    await add(`${"long".repeat(60)}.mp4`, { state: "FAILED", problem: "The file has sound but no picture." });
    const ready = await add("ready.mp4", { state: "READY", note: "There is a note." });
    const file = (path: string, role: "PLAYLIST" | "SUBTITLES", contentType: string) =>
      ({ uploadId: ready.id, path, role, contentType, bytes: 1 }) as const;
    await app.core.database.prisma.uploadFile.createMany({
      data: [
        file("hls/subtitled.m3u8", "PLAYLIST", "application/vnd.apple.mpegurl"),
        file("hls/subtitles/en.m3u8", "SUBTITLES", "application/vnd.apple.mpegurl"),
        file("hls/subtitles/en.vtt", "SUBTITLES", "text/vtt"),
      ],
    });
    if (!missingChromium) browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await app[Symbol.asyncDispose]();
  });

  beforeEach(({ skip }) => skip(missingChromium !== undefined, missingChromium));

  const open = async (canPlay: "" | "maybe") => {
    const context = await browser!.newContext({ viewport: { width: 380, height: 800 } });
    const [name = "", value = ""] = owner.cookie.split("=");
    await context.addCookies([{ name, value, url: app.url }]);
    const page = await context.newPage();
    await page.addInitScript(`HTMLMediaElement.prototype.canPlayType = () => "${canPlay}"`);
    await page.goto(`${app.url}/uploads`);
    await page.getByText("ready.mp4").waitFor();
    return page;
  };

  test("says what is done, and why something failed, on a phone's width too", async () => {
    const page = await open("maybe");
    expect(await page.locator("li .quiet").allTextContents()).toEqual([
      "ready · There is a note.",
      "failed",
      "encoding",
    ]);
    expect(await page.locator("li .error:visible").allTextContents()).toEqual([
      "The file has sound but no picture.",
    ]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(380);
  });

  test("plays a video with its subtitles where the browser can", async () => {
    const page = await open("maybe");
    expect(await page.locator("video").getAttribute("src")).toMatch(/subtitled\.m3u8$/);
    const tracks = page.locator("track");
    expect(await tracks.evaluateAll((all) => all.map((each) => each.getAttribute("src")))).toEqual([
      expect.stringMatching(/en\.vtt$/),
    ]);
  });

  test("offers the original where it cannot", async () => {
    const page = await open("");
    expect(await page.locator("video").count()).toBe(0);
    expect(await page.getByText("download the video").getAttribute("href")).toMatch(/files\/source$/);
  });
});
