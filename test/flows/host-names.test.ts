import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uploadWork } from "../../api/uploads/work.ts";
import { wire as wireImageResize } from "../../workers/wiring/image-resize.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { until } from "../../scripts/processes/until.ts";
import { createPeople } from "../support/api/people.ts";
import { quarters } from "../support/media/images.ts";
import { missingChromium, startChromium } from "../support/browser/chromium.ts";

// PUBLIC_URL names one host. The pages work under every name that reaches the API.

let app: TestApp;
let browser: Browser | undefined;

describe.each(["localhost", "127.0.0.1"])("opened as %s", (host) => {
  beforeAll(async () => {
    app = await createTestApp({ uploadWork, modules: [wireImageResize] });
    if (!missingChromium) browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await app[Symbol.asyncDispose]();
  });
  beforeEach(({ skip }) => skip(missingChromium !== undefined, missingChromium));

  test("a user logs in, uploads a picture and sees it", async () => {
    const origin = app.url.replace("127.0.0.1", host);
    const { email, password } = await createPeople(app).verified(`ada@${host.replaceAll(".", "-")}.example`);
    const page = await browser!.newPage();
    await page.goto(`${origin}/login`);
    await page.locator("[name=email]").fill(email);
    await page.locator("[name=password]").fill(password);
    const loggedIn = page.waitForResponse("**/v1/login");
    await page.locator("form button").first().click();
    expect((await loggedIn).status()).toBe(200);

    await page.goto(`${origin}/uploads`);
    const sent = page.waitForResponse((response) => response.request().method() === "PUT");
    const file = {
      name: "picture.png",
      mimeType: "image/png",
      buffer: await quarters(640, 480).png().toBuffer(),
    };
    await page.getByLabel("Choose files").setInputFiles(file);
    expect(new URL((await sent).url()).origin).toBe(origin);
    const shown = "[...document.images].some(({ complete, naturalWidth }) => complete && naturalWidth > 0)";
    await until("the picture is shown", () => page.evaluate<boolean>(shown));
  });
});
