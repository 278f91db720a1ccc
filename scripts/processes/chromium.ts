import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const PROGRAM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));

/** Why no browser is available; undefined if there is one. */
export const missingChromium = PROGRAM ? undefined : "there is no Chromium: apt-get install chromium";

/** The installed browser, which plays H.264; the one that Playwright downloads does not. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: PROGRAM ?? "",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
