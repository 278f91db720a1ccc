import { expect, test } from "vitest";
import { createSandbox } from "../../sandbox/sandbox.ts";
import { createTestApp } from "../support/app.ts";
import { missingChromium, startChromium } from "../support/chromium.ts";

const PHONE = { width: 360, height: 640 };
const paths = [
  "",
  "login",
  "forgot-password",
  "reset-password",
  "verify-email",
  "unsubscribe",
  "uploads",
  "docs",
];

test("every page fits a phone", async ({ skip }) => {
  skip(missingChromium !== undefined, missingChromium);
  await using app = await createTestApp();
  await using cleanups = new AsyncDisposableStack();
  const sandbox = await createSandbox({ host: "127.0.0.1", smtpPort: 0, httpPort: 0 });
  cleanups.defer(() => sandbox.close());
  const browser = await startChromium();
  cleanups.defer(() => browser.close());

  const page = await browser.newPage({ viewport: PHONE });
  const tooWide: string[] = [];
  for (const url of [...paths.map((path) => `${app.url}/${path}`), `http://127.0.0.1:${sandbox.httpPort}/`]) {
    await page.goto(url);
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    if (width > PHONE.width) tooWide.push(url);
  }
  expect(tooWide).toEqual([]);
});
