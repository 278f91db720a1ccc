import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser } from "playwright-core";

export { missingChromium, startChromium } from "../../../scripts/processes/chromium.ts";

const require = createRequire(import.meta.url);

/** Closes every page. An open page continues to ask the server, which takes processor time from later tests. */
export const closePages = async (browser: Browser | undefined): Promise<void> => {
  await Promise.all((browser?.contexts() ?? []).map((context) => context.close()));
};

/** The state of a player. */
export interface Playing {
  currentTime: number;
  /** The height of the video. */
  height: number;
  /** The heights of the available renditions. */
  levels: number[];
  subtitles: string[];
  cues: { startTime: number; text: string }[];
  problem: string | undefined;
}

/** Opens a page that plays a stream with hls.js, with the session of the given cookie. */
export const openPlayer = async (browser: Browser, origin: string, stream: string, cookie: string) => {
  const context = await browser.newContext();
  const cookies = cookie.split("; ").map((each) => each.split("="));
  await context.addCookies(cookies.map(([name = "", value = ""]) => ({ name, value, url: origin })));
  const tab = await context.newPage();
  const serve = (path: string, contentType: string, body: string | Buffer) =>
    tab.route(`${origin}${path}`, (route) => route.fulfill({ contentType, body }));
  const scripts = `<script src="/hls.js"></script><script src="/player.js"></script>`;
  await serve("/player?*", "text/html", `<!doctype html><video muted playsinline></video>${scripts}`);
  await serve("/hls.js", "text/javascript", await readFile(require.resolve("hls.js/dist/hls.min.js")));
  await serve("/player.js", "text/javascript", await readFile(new URL("player.js", import.meta.url)));
  await tab.goto(`${origin}/player?stream=${encodeURIComponent(stream)}`);
  return {
    state: () => tab.evaluate<Playing>("playerState()"),
    selectLevel: (level: number) => tab.evaluate(`selectLevel(${level})`),
    close: () => context.close(),
  };
};
