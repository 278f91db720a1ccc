import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { binaries, describeWithFfmpeg, makeMedia, picture, sound } from "../../test/support/media/media.ts";
import { until } from "../../scripts/processes/until.ts";
import { createFfmpeg, type Ffmpeg } from "./ffmpeg.ts";

const never = new AbortController().signal;
let folder: string;
let ffmpeg: Ffmpeg;

(await describeWithFfmpeg())("ffmpeg", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "offstage-test-media-"));
    ffmpeg = createFfmpeg(await binaries());
  });
  afterAll(() => rm(folder, { recursive: true }));

  const probe = (file: string) => ffmpeg.probe(folder, file, never);

  describe("a probe", () => {
    test("reports length, size, rate and streams", async () => {
      await makeMedia(folder, "plain.mp4", [...picture(2, "642x362"), ...sound(2)]);
      expect(await probe("plain.mp4")).toMatchObject({
        seconds: expect.closeTo(2, 1),
        video: { index: 0, width: 642, height: 362, rate: "25", lines: 362, isInterlaced: false },
        audio: [{ index: 1, channels: 1 }],
      });
    });

    test.each(["mov", "mkv", "webm"])("reads %s", async (type) => {
      await makeMedia(folder, `plain.${type}`, picture(0.4));
      expect(await probe(`plain.${type}`)).toMatchObject({ video: { width: 320 }, audio: [] });
    });

    test("applies the rotation", async () => {
      await makeMedia(folder, "upright.mp4", picture(0.4));
      const turned = ["-i", join(folder, "upright.mp4")];
      await makeMedia(folder, "turned.mp4", ["-display_rotation", "90", ...turned], ["-c", "copy"]).catch(
        () =>
          // Older versions of ffmpeg.
          makeMedia(folder, "turned.mp4", turned, ["-c", "copy", "-metadata:s:v", "rotate=90"]),
      );
      expect((await probe("turned.mp4"))?.video).toMatchObject({ width: 240, height: 320 });
    });

    test("converts to square pixels", async () => {
      await makeMedia(folder, "wide.mp4", picture(0.4), ["-vf", "setsar=2"]);
      expect((await probe("wide.mp4"))?.video).toMatchObject({ width: 640, height: 240 });
    });

    test("gives a source with a variable frame rate a constant one", async () => {
      const uneven = ["-vf", "select='not(mod(n,7))+not(mod(n,3))'", "-vsync", "vfr"];
      await makeMedia(folder, "uneven.mkv", picture(4, "320x240", 90), uneven);
      expect(["50", "60"]).toContain((await probe("uneven.mkv"))?.video?.rate);
    });

    test("ignores the cover of a song", async () => {
      const cover = await makeMedia(folder, "cover.jpg", picture(0.1), ["-frames:v", "1"]);
      const inputs = [...sound(1), "-i", cover];
      const options = ["-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v:0", "attached_pic"];
      await makeMedia(folder, "song.mp4", inputs, options);
      expect(await probe("song.mp4")).toMatchObject({ video: undefined, audio: [{ index: 0 }] });
    });

    test.each([
      ["nothing", ""],
      ["text", "hello"],
      ["a box without an end", "\0\0\0\x20ftypisom"],
    ])("returns undefined for %s", async (name, content) => {
      await writeFile(join(folder, name), content);
      expect(await probe(name)).toBeUndefined();
    });
  });

  test("a playlist named .mp4 opens no connection and no other file", async () => {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url ?? "");
      response.end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const canary = await makeMedia(folder, "canary.mp4", [...picture(1), ...sound(1)]);
    const segment = await makeMedia(folder, "canary.ts", picture(1), ["-c:v", "libx264"]);
    const remote = `http://127.0.0.1:${port}/x.ts`;
    const hls = (url: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${url}\n#EXT-X-ENDLIST\n`;
    const disguises = {
      "hls-remote": hls(remote),
      "hls-local": hls(segment),
      "hls-file": hls(`file://${segment}`),
      "hls-concat": hls(`concat:${segment}|${remote}`),
      "concat-local": `ffconcat version 1.0\nfile '${canary}'\n`,
      "concat-remote": `ffconcat version 1.0\nfile '${remote}'\n`,
      sdp: `v=0\nc=IN IP4 127.0.0.1\nm=video ${port} RTP/AVP 96\na=rtpmap:96 H264/90000\n`,
      dash: `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation><BaseURL>${remote}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
      svg: `<svg xmlns="http://www.w3.org/2000/svg"><image href="${remote}"/></svg>`,
    };
    for (const [name, content] of Object.entries(disguises)) {
      const file = `${name}.mp4`;
      await writeFile(join(folder, file), content);
      const output = ["-f", "mp4", `${name}-out`];
      const converting = ffmpeg.convert({ folder, input: file, output, signal: never });
      const ended = converting.catch((error: Error) => error.name);
      const outcome = [
        await probe(file),
        await ended,
        await readFile(join(folder, `${name}-out`)).catch(() => "no file"),
      ];
      expect([name, ...outcome]).toEqual([name, undefined, "ToolError", "no file"]);
    }
    // Control: without the guards, the same program opens the connection.
    const { ffmpeg: program } = await binaries();
    const open = [
      "-v",
      "quiet",
      "-protocol_whitelist",
      "file,http,tcp",
      "-i",
      join(folder, "hls-remote.mp4"),
      "-f",
      "null",
      "-",
    ];
    await once(spawn(program, open, { stdio: "ignore" }), "close");
    expect(requests).toEqual(["/x.ts"]);
    server.close();
  });

  test("the guards precede every input", async () => {
    const program = join(folder, "program");
    await writeFile(program, '#!/bin/sh\necho "$*" >&2\nexit 2\n', { mode: 0o755 });
    const { probe, convert } = createFfmpeg({ ffmpeg: program, ffprobe: program });
    const guarded =
      /-protocol_whitelist file -format_whitelist mov,mp4,m4a,3gp,3g2,mj2,matroska,webm -max_pixels 35389440 .*file:in/;
    await expect(probe(folder, "in", never)).rejects.toThrow(guarded);
    const converting = convert({ folder, input: "in", output: ["out"], signal: never });
    await expect(converting).rejects.toThrow(guarded);
    await expect(converting).rejects.toThrow(/^-nostdin /);
  });

  describe("a conversion", () => {
    const output = (name: string) => ["-c:v", "libx264", "-f", "mp4", name];
    const endless = ["-vf", "loop=-1:size=2", ...output("endless.mp4")];

    test("reports its progress", async () => {
      await makeMedia(folder, "long.mp4", picture(3));
      const reported: number[] = [];
      await ffmpeg.convert({
        ...{ folder, input: "long.mp4", output: output("out.mp4"), signal: never },
        onProgress: (seconds) => void reported.push(seconds),
      });
      expect(reported.at(-1)).toBeCloseTo(3, 0);
      expect(reported).toEqual([...reported].sort((a, b) => a - b));
    });

    test("fails with the last error line, without paths", async () => {
      const failing = ffmpeg.convert({
        folder,
        input: "missing.mp4",
        output: output("x.mp4"),
        signal: never,
      });
      await expect(failing).rejects.toThrow(/^file:missing.mp4: No such file/);
      await expect(failing).rejects.toMatchObject({ name: "ToolError", exitCode: expect.any(Number) });
    });

    test("rejects when its signal aborts, after the program has ended", async () => {
      await makeMedia(folder, "short.mp4", picture(0.4));
      const stop = new AbortController();
      const converting = ffmpeg.convert({ folder, input: "short.mp4", output: endless, signal: stop.signal });
      converting.catch(() => {});
      await until("ffmpeg writes its output", async () => (await readdir(folder)).includes("endless.mp4"));
      expect(await commandsWith("endless.mp4")).not.toEqual([]);
      stop.abort(new Error("enough"));
      await expect(converting).rejects.toThrow("enough");
      expect(await commandsWith("endless.mp4")).toEqual([]);
    });

    test("ends when its parent process is killed", async () => {
      await makeMedia(folder, "short.mp4", picture(0.4));
      const script = `
      const { createFfmpeg } = await import(${JSON.stringify(join(import.meta.dirname, "ffmpeg.ts"))});
      await createFfmpeg(${JSON.stringify(await binaries())}).convert({
        folder: ${JSON.stringify(folder)}, input: "short.mp4", signal: new AbortController().signal,
        output: ${JSON.stringify([...endless.slice(0, -1), "orphan.mp4"])},
      });`;
      const parent = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
      await until("ffmpeg writes its output", async () => (await readdir(folder)).includes("orphan.mp4"));
      parent.kill("SIGKILL");
      await until("ffmpeg has ended", async () => (await commandsWith("orphan.mp4")).length === 0, 5_000);
    });
  });
});

/** The command lines of running programs that contain the text and the test folder, read from /proc. */
const commandsWith = async (text: string): Promise<string[]> => {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes(text) && line.includes(`file:${folder}`));
};
