import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { plainEnv } from "../../scripts/processes/plain-env.ts";
import { freePort } from "../../scripts/processes/ports.ts";
import { createSystem, type System } from "../support/chaos/system.ts";
import { missingChromium, openPlayer, startChromium } from "../support/browser/chromium.ts";
import {
  describeWithFfmpeg,
  inspect,
  makeMedia,
  needsSegmentProbe,
  picture,
  sound,
} from "../support/media/media.ts";
import type { ProjectProcess } from "../../scripts/processes/project-process.ts";
import { until } from "../../scripts/processes/until.ts";

// The whole flow in real processes over HTTP, as a browser uses it.

interface Shown {
  id: string;
  state: string;
  problem: string | null;
  note: string | null;
  progress: number;
  seconds: number;
  width: number;
  height: number;
  steps: { name: string; state: string; progress: number }[];
  files: { path: string; role: string; url: string; contentType: string; width: number | null }[];
}

let folder: string;
let system: System;
let worker: ProjectProcess;
let cookie: string;

(await describeWithFfmpeg())("an uploaded video", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "offstage-test-video-"));
    vi.stubEnv("TMPDIR", folder); // for the processes that this test starts
    system = await createSystem();
    [, worker] = await Promise.all([system.startApi(), startWorker()]);
    cookie = await logIn();
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  test("becomes a stream that plays, with posters and subtitles", async (context) => {
    await needsSegmentProbe(context);
    await makeMedia(folder, "spoken.mp4", [...picture(6, "640x480"), ...sound(6)]);
    const id = await upload("spoken.mp4");
    const progress: number[] = [];
    const video = await until("the video is ready", async () => {
      const shown = await show(id);
      progress.push(shown.progress);
      return shown.state === "READY" && shown;
    });
    expect(video).toMatchObject({ ...{ problem: null, note: null, progress: 1, width: 640, height: 480 } });
    expect(video.seconds).toBeCloseTo(6, 0);
    expect(progress.some((each) => each > 0 && each < 1)).toBe(true);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(rolesOf(video)).toEqual({ RENDITION: 2, PLAYLIST: 1, SUBTITLES: 2, POSTER: 3 * 3 * 3 });
    expect(video.steps.every(({ state }) => state === "COMPLETED")).toBe(true);
    expect(video.steps).toHaveLength(5 + 8);

    const master = video.files.find(({ role }) => role === "PLAYLIST")!;
    const headers = ["-headers", `Cookie: ${cookie}\r\n`];
    const { programs, streams } = await inspect(
      `${system.apiUrl}${master.url}`,
      ...headers,
      "-show_programs",
      "-show_streams",
    );
    expect(programs).toHaveLength(2);
    expect((streams as { height?: number }[]).map(({ height }) => height)).toEqual(
      expect.arrayContaining([480, 240]),
    );
  });

  test("plays in a browser, in both sizes, with its subtitles", async (context) => {
    context.skip(missingChromium !== undefined, missingChromium);
    const { files } = await newest();
    const master = files.find(({ role }) => role === "PLAYLIST")!;
    const browser = await startChromium();
    try {
      const player = await openPlayer(browser, system.apiUrl, master.url, cookie);
      const playing = await until("the video plays", async () => {
        const now = await player.state();
        if (now.problem) throw new Error(now.problem);
        if (now.currentTime > 1 && now.cues.length > 0) return now;
        throw new Error(`the state is ${JSON.stringify(now)}`);
      });
      expect(playing.levels.toSorted((a, b) => a - b)).toEqual([240, 480]);
      expect(playing.subtitles).toEqual(["English en"]);
      expect(playing.cues.map(({ text }) => text)).toContain(
        "This is what the sandbox hears from second 2 on.",
      );
      expect(playing.cues[1]?.startTime).toBeCloseTo(2, 0);
      for (const [level, height] of playing.levels.entries()) {
        await player.selectLevel(level);
        await until(`the player shows ${height} lines`, async () => (await player.state()).height === height);
      }
      await until("playback is near the end", async () => (await player.state()).currentTime > 5.5);
    } finally {
      await browser.close();
    }
  });

  test("without sound is published without subtitles, and has a note", async () => {
    await makeMedia(folder, "silent.webm", picture(1));
    const video = await ready(await upload("silent.webm", "video/webm"));
    expect(video.note).toBe("No subtitles: the video has no audio.");
    expect(rolesOf(video)).toMatchObject({ RENDITION: 1, PLAYLIST: 1, POSTER: 18 });
  });

  test("gets its subtitles later if the provider was unavailable", async () => {
    await system.setTranscriptionOutage("reject");
    await makeMedia(folder, "later.mov", [...picture(2), ...sound(2)]);
    const id = await upload("later.mov", "video/quicktime");
    const without = await ready(id);
    expect(without.note).toMatch(/^No subtitles: the transcription service was unavailable/);
    expect(rolesOf(without)).not.toHaveProperty("SUBTITLES");

    await system.setTranscriptionOutage("off");
    await run("scripts/jobs.ts", "retry", "--name", "video-transcribe");
    const video = await until("the subtitles are published", async () => {
      const shown = await show(id);
      return shown.files.some(({ path }) => path === "hls/subtitled.m3u8") && shown;
    });
    expect(video).toMatchObject({ state: "READY", note: null });
    expect(rolesOf(video)).toMatchObject({ SUBTITLES: 2, PLAYLIST: 1 });
    expect(await notified(id)).toEqual(["upload-ready"]);
  });

  test.for<[string, (path: string) => Promise<unknown>, string]>([
    ["without a picture", () => makeMedia(folder, "bad.mp4", sound(1)), "audio but no video"],
    [
      "with invalid content",
      (path) =>
        writeFile(
          path,
          Buffer.concat([Buffer.from("\0\0\0\x18ftypmp42\0\0\0\0mp42isom"), Buffer.alloc(9_999, "x")]),
        ),
      "cannot be read as a video",
    ],
  ])("%s fails with a clear message", async ([, make, message]) => {
    await make(join(folder, "bad.mp4"));
    const id = await upload("bad.mp4");
    const video = await until("the upload has failed", async () => {
      const shown = await show(id);
      return shown.state === "FAILED" && shown;
    });
    expect(video.problem).toContain(message);
    // One for the upload, although each of its jobs finds the problem.
    await until("all jobs have ended", async () =>
      (await show(id)).steps.every(({ state }) => state === "FAILED"),
    );
    expect(await notified(id)).toEqual(["upload-failed"]);
  });

  test("survives a worker that stops and one that is killed, which leave no process and no file", async () => {
    await makeMedia(folder, "long.mp4", picture(7, "854x480"));
    const id = await upload("long.mp4");
    await until("ffmpeg is running", async () => (await ffmpegs()).length > 0);
    expect(await scratch()).not.toEqual([]);
    expect(await worker.kill("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(await ffmpegs()).toEqual([]);
    expect(await scratch()).toEqual([]);

    worker = await startWorker();
    await until("ffmpeg is running again", async () => (await ffmpegs()).length > 0);
    await worker.kill("SIGKILL");
    await until("no ffmpeg is left", async () => (await ffmpegs()).length === 0, 5_000);

    worker = await startWorker();
    const video = await ready(id);
    expect(video.files.filter(({ role }) => role === "RENDITION")).toHaveLength(2);
    await until("no temporary file is left", async () => (await scratch()).length === 0);
  });

  test("without ffmpeg, videos get a 503 that names what to install", async () => {
    const PORT = `${await freePort()}`;
    const without = { FFMPEG_PATH: "/nowhere/ffmpeg", PORT };
    const api = system.start("api/main.ts", without);
    await api.wrote("listening");
    const body = { filename: "a.mp4", contentType: "video/mp4", bytes: 1, kind: "VIDEO" };
    const response = await call(`http://127.0.0.1:${PORT}/v1/uploads`, { body });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      detail: "FFMPEG_PATH is set, but ffmpeg was not found at that path.",
    });
    // Its jobs stay queued for workers with ffmpeg.
    const line = await (await system.startWorker(without)).wrote("working");
    expect(line).toContain("video-publish");
    expect(line).not.toContain("video-encode");
  });
});

const startWorker = () => system.startWorker({ SHUTDOWN_GRACE_MS: "500" });

const run = (script: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, [script, ...args], {
    env: { ...process.env, ...plainEnv, ...system.env },
  });

const logIn = async () => {
  await run("scripts/seed.ts");
  const body = { email: "ada@offstage.example", password: "correct horse battery" };
  const response = await call("/v1/login", { body });
  return response.headers
    .getSetCookie()
    .map((each) => each.split(";")[0])
    .join("; ");
};

const call = (
  path: string,
  { body, method = body ? "POST" : "GET" }: { body?: object; method?: string } = {},
) =>
  fetch(new URL(path, system.apiUrl), {
    method,
    headers: { "Content-Type": "application/json", ...(cookie && { Cookie: cookie }) },
    ...(body && { body: JSON.stringify(body) }),
  });

const upload = async (name: string, contentType = "video/mp4"): Promise<string> => {
  const path = join(folder, name);
  const { size: bytes } = await stat(path);
  const created = await call("/v1/uploads", {
    body: { filename: name, contentType, bytes, kind: "VIDEO" },
  });
  const permit = (await created.json()) as { id: string; url: string; headers: Record<string, string> };
  expect([created.status, permit]).toEqual([201, expect.objectContaining({ method: "PUT" })]);
  const put = await fetch(new URL(permit.url, system.apiUrl), {
    method: "PUT",
    headers: permit.headers,
    body: await readFile(path),
  });
  expect(put.status).toBe(200);
  expect((await call(`/v1/uploads/${permit.id}/complete`, { method: "POST" })).status).toBe(202);
  return permit.id;
};

const show = async (id: string) => (await (await call(`/v1/uploads/${id}`)).json()) as Shown;

const notified = async (id: string) =>
  (
    await system.sql<{ kind: string }>(`SELECT kind FROM "Notification" WHERE "recordId" = $1::uuid`, [id])
  ).map(({ kind }) => kind);

const newest = async () => {
  const { items } = (await (await call("/v1/uploads")).json()) as { items: { id: string }[] };
  return show(items[0]!.id);
};

const ready = (id: string) =>
  until("the video is ready", async () => {
    const shown = await show(id);
    return shown.state === "READY" && shown;
  });

const rolesOf = ({ files }: Shown) => {
  const count: Record<string, number> = {};
  for (const { role } of files) count[role] = (count[role] ?? 0) + 1;
  return count;
};

const scratch = async () => (await readdir(folder)).filter((name) => name.startsWith("offstage-media-"));

/** The command lines of ffmpeg processes in the test folder. */
const ffmpegs = async () => {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes("-nostdin") && line.includes(folder));
};
