import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { missingChromium, startChromium } from "./processes/chromium.ts";
import { freePort } from "./processes/ports.ts";
import { startProcess } from "./processes/project-process.ts";
import { record } from "./screenshots/animation.ts";

// npm run screenshots: starts the system, drives the live page, and writes docs/watch/*.png and the README's animation.

const folder = join(import.meta.dirname, "../docs/watch");

const VIEWS: readonly [name: string, options: BrowserContextOptions][] = [
  ["wide-light", { viewport: { width: 1_440, height: 1_000 }, colorScheme: "light" }],
  ["wide-dark", { viewport: { width: 1_440, height: 1_000 }, colorScheme: "dark" }],
  ["phone", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme: "light" }],
];

const main = async (): Promise<void> => {
  if (missingChromium) throw new Error(missingChromium);
  await using cleanups = new AsyncDisposableStack();
  const url = await startSystem(cleanups);
  const browser = cleanups.adopt(await startChromium({ whole: true }), (each) => each.close());
  await mkdir(folder, { recursive: true });
  await writeAnimation(browser, url);
  for (const [name, options] of VIEWS) await writeScreenshot(browser, url, name, options);
};

/** All of `npm start`, on free ports and with a data folder that ends with it. */
const startSystem = async (cleanups: AsyncDisposableStack): Promise<string> => {
  const data = cleanups.adopt(await mkdtemp(join(tmpdir(), "offstage-screenshots-")), (path) =>
    rm(path, { recursive: true, force: true, maxRetries: 5 }),
  );
  const names = ["PORT", "DATABASE_PORT", "SANDBOX_SMTP_PORT", "SANDBOX_HTTP_PORT", "HEALTH_PORT"];
  const ports = await Promise.all(names.map(async (name) => [name, `${await freePort()}`] as const));
  const env: Record<string, string> = { ...Object.fromEntries(ports), DATA_FOLDER: data };
  const system = startProcess("scripts/start.ts", env);
  cleanups.defer(async () => void (await system.kill("SIGINT")));
  await system.wrote("ready in");
  return `http://127.0.0.1:${env["PORT"]}`;
};

const openPage = async (browser: Browser, url: string, options: BrowserContextOptions): Promise<Page> => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(`${url}/watch`);
  await page
    .getByRole("button", { name: /^Sign up/ })
    .first()
    .waitFor();
  return page;
};

/** A person whose name every font has. */
const signUpAda = async (page: Page): Promise<void> => {
  await page.getByText("Choose your own").click();
  const fields = {
    name: "Ada Lovelace",
    email: `ada.${Date.now()}@example.com`,
    password: "correct horse battery",
  };
  for (const [field, value] of Object.entries(fields))
    await page.locator(`#act input[name=${field}]`).fill(value);
  await page.locator("#act form button").click();
};

const setMail = async (page: Page, mode: "works" | "down"): Promise<void> => {
  const card = page.locator("#break [role=group]").first();
  await page.evaluate(`document.querySelector("#break details").open = true`);
  await card.getByRole("button", { name: mode, exact: true }).click();
};

/** A sign-up while the mail provider is down, two attempts, and the repair. */
const writeAnimation = async (browser: Browser, url: string): Promise<void> => {
  const page = await openPage(browser, url, {
    viewport: { width: 1_100, height: 640 },
    colorScheme: "light",
  });
  await setMail(page, "down");
  const bytes = await record(page, join(folder, "sign-up.webp"), async () => {
    await signUpAda(page);
    const token = (attempt: number) => page.locator(`#stage [data-phase=again][data-attempt="${attempt}"]`);
    await token(2).waitFor();
    await setMail(page, "works");
    await page.locator("#stage .mine[data-phase=done]").waitFor();
  });
  console.log(`sign-up.webp: ${(bytes / 1e6).toFixed(2)} MB`);
  await page.context().close();
};

/** A mail that waits for its retry, and the tree of a video. */
const writeScreenshot = async (
  browser: Browser,
  url: string,
  name: string,
  options: BrowserContextOptions,
): Promise<void> => {
  const page = await openPage(browser, url, options);
  await signUpAda(page);
  await page.locator("#job article[data-phase=done]").waitFor();
  await page.getByRole("button", { name: "Upload a video" }).click();
  await page.locator("#job .tree").waitFor();
  await page.evaluate("scrollTo(0, 0)");
  await page.screenshot({ path: join(folder, `${name}.png`) });
  console.log(`${name}.png`);
  await page.context().close();
};

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
