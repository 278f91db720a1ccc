import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const installed = (...paths: readonly string[]) => paths.find((path) => existsSync(path));

const WHOLE = installed("/usr/bin/chromium", "/usr/bin/chromium-browser");
/** The same browser without its window and its PDF viewer. It takes a third less processor time. */
const SHELL = installed("/usr/bin/chromium-headless-shell");

/** Why no browser is available; undefined if there is one. */
export const missingChromium =
  (SHELL ?? WHOLE) ? undefined : "there is no Chromium: apt-get install chromium-headless-shell";

/**
 * The installed browser, which plays H.264; the one that Playwright downloads does not. With `whole`, the one that
 * shows PDFs, if it is installed.
 */
export const startChromium = ({ whole = false } = {}): Promise<Browser> =>
  chromium.launch({
    executablePath: (whole ? (WHOLE ?? SHELL) : (SHELL ?? WHOLE)) ?? "",
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
