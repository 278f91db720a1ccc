import type { Browser, Page, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uploadWork } from "../../api/uploads/work.ts";
import { PUT_PATH } from "../../infra/storage/signature.ts";
import type { Prisma } from "../../prisma/client/client.ts";
import { videoEncode } from "../../workers/video-encode/job.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { closePages, missingChromium, startChromium } from "../support/browser/chromium.ts";
import { createPeople, type People, type SignedIn } from "../support/api/people.ts";
import { samples } from "../support/api/uploads.ts";

// The uploads page in each state, and when a request fails or a response is lost.

let app: TestApp;
let people: People;
let owner: SignedIn;
let browser: Browser | undefined;

describe("the uploads page", () => {
  beforeAll(async () => {
    app = await createTestApp({ uploadWork });
    people = createPeople(app);
    owner = await people.session("owner@example.com");
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
    await add(`${"long".repeat(60)}.mp4`, {
      state: "FAILED",
      problem: "The file contains audio but no video.",
    });
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

  afterEach(() => closePages(browser));
  beforeEach(({ skip }) => skip(missingChromium !== undefined, missingChromium));

  const visit = async (someone?: SignedIn) => {
    const context = await browser!.newContext({ viewport: { width: 380, height: 800 } });
    const [name = "", value = ""] = someone?.cookie.split("=") ?? [];
    if (name) await context.addCookies([{ name, value, url: app.url }]);
    return context.newPage();
  };

  const open = async (canPlay: "" | "maybe") => {
    const page = await visit(owner);
    await page.addInitScript(`HTMLMediaElement.prototype.canPlayType = () => "${canPlay}"`);
    await page.goto(`${app.url}/uploads`);
    await page.getByText("ready.mp4").waitFor();
    return page;
  };

  /** Opens the page for a new user, and redirects its uploads to the API under test. */
  const openFor = async (someone: SignedIn) => {
    const page = await visit(someone);
    const list = page.waitForResponse("**/v1/uploads?*");
    await page.goto(`${app.url}/uploads`);
    await list;
    return page;
  };

  const choose = (page: Page, name: string, buffer = samples.png) =>
    page.getByLabel("Choose files").setInputFiles({ name, mimeType: "image/png", buffer });
  const chooseMany = (page: Page, names: string[]) =>
    page
      .getByLabel("Choose files")
      .setInputFiles(names.map((name) => ({ name, mimeType: "image/png", buffer: samples.png })));
  const statuses = (page: Page) => page.locator("li .quiet").allTextContents();
  const summaryOf = (page: Page) => page.locator("#summary").innerText();
  /** Handles the requests that send a file to a signed URL. */
  const onPut = (page: Page, handle: (route: Route) => unknown) =>
    page.route(`**${PUT_PATH}**`, (route) => handle(route));
  const dropOutsideTheBox = (page: Page) =>
    page.evaluate<boolean>(`{
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["text"], "notes.txt", { type: "text/plain" }));
      !document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
    }`);
  const uploadsOf = async (someone: SignedIn) => {
    const { items } = (await someone.get("/v1/uploads")).body as { items: { id: string; state: string }[] };
    return items.map(({ state }) => state);
  };
  const logOut = (someone: SignedIn) => someone.post("/v1/logout");
  const problemOf = (page: Page) => page.locator("main > section > .error:visible").allInnerTexts();
  const unavailable = (route: Route) =>
    route.fulfill({ status: 503, json: { title: "Temporarily unavailable. Try again shortly." } });

  test("shows the current step and the reason of a failure, also on a phone", async () => {
    const page = await open("maybe");
    expect(await page.locator("li .quiet").allTextContents()).toEqual([
      "ready · There is a note.",
      "failed",
      "encoding",
    ]);
    expect(await page.locator("li .error:visible").allTextContents()).toEqual([
      "The file contains audio but no video.",
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

  test("offers the original where the browser cannot play HLS", async () => {
    const page = await open("");
    expect(await page.locator("video").count()).toBe(0);
    expect(await page.getByText("Download the video").getAttribute("href")).toMatch(/files\/source$/);
  });

  test("keeps a file that the server accepted although the response was lost", async () => {
    const person = await people.session("lost@example.com");
    const page = await openFor(person);
    const responses = [
      async (route: Route) => {
        await person.post(new URL(route.request().url()).pathname);
        await route.abort();
      },
      unavailable,
      (route: Route) => route.fulfill({ status: 429, json: { title: "Too many requests." } }),
      (route: Route) => route.continue(),
    ];
    await page.route("**/complete", (route) => responses.shift()?.(route));
    await choose(page, "lost.png");
    await page.getByText("The server has not confirmed the file yet. Retrying …").waitFor();
    await page.locator("li .quiet", { hasText: "processing" }).waitFor();
    expect(responses).toHaveLength(0);
    expect(await page.locator("li .error:visible").count()).toBe(0);
    expect(await uploadsOf(person)).toEqual(["PROCESSING"]);
  });

  test("shows why the server rejected a file, and keeps nothing of it", async () => {
    const person = await people.session("refused@example.com");
    const page = await openFor(person);
    await choose(page, "not-a.png", samples.html);
    await page.getByText("Declared: IMAGE, image/png. Detected: unknown.").waitFor();
    await expect.poll(() => statuses(page)).toEqual(["not sent"]);
    expect(await uploadsOf(person)).toEqual([]);
    // It would be rejected again.
    expect(await page.getByRole("button", { name: "Retry" }).count()).toBe(0);
    await page.getByRole("button", { name: "Remove not-a.png" }).click();
    expect(await page.locator("li").count()).toBe(0);
  });

  test("keeps a file whose owner was logged out during the upload", async () => {
    const person = await people.session("out@example.com");
    const page = await openFor(person);
    await page.route("**/complete", async (route) => {
      await logOut(person);
      await route.continue();
    });
    await choose(page, "left.png");
    await page.getByText("Your session has expired.").waitFor();
    const again = await people.as(people.person("out@example.com"));
    expect(await uploadsOf(again)).toEqual(["AWAITING"]);
  });

  test("shows once that the session has expired, and stops polling", async () => {
    const person = await people.session("ended@example.com");
    const page = await openFor(person);
    await page.clock.install();
    for (const name of ["one.png", "two.png"]) await choose(page, name);
    await expect.poll(() => page.locator("li .quiet", { hasText: "processing" }).count()).toBe(2);
    await logOut(person);
    await page.clock.fastForward(1_000);
    await page.getByText("Your session has expired.").waitFor();
    await page.getByRole("button", { name: "Delete one.png" }).click();
    await page.waitForLoadState("networkidle");
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.clock.fastForward(10_000);
    await dropOutsideTheBox(page);
    expect(requests).toEqual([]);
    expect(await problemOf(page)).toEqual(["Your session has expired. Log in again."]);
    expect(await page.locator("li .error:visible").count()).toBe(0);
    await page.getByRole("link", { name: "Log in" }).click();
    await page.waitForURL("**/login?next=uploads");
  });

  test("shows why a deletion failed", async () => {
    const person = await people.session("kept@example.com");
    const page = await openFor(person);
    await choose(page, "kept.png");
    await page.locator("li .quiet", { hasText: "processing" }).waitFor();
    await page.route("**/v1/uploads/*", (route) =>
      route.request().method() === "DELETE" ? unavailable(route) : route.continue(),
    );
    await page.getByRole("button", { name: "Delete kept.png" }).click();
    await page.getByText("Temporarily unavailable. Try again shortly.").waitFor();
    await page.unroute("**/v1/uploads/*");
    await page.getByRole("button", { name: "Delete kept.png" }).click();
    await expect.poll(() => page.locator("li").count()).toBe(0);
    expect(await uploadsOf(person)).toEqual([]);
  });

  test("announces many files when they are sent, three at a time, and again when a URL has expired", async () => {
    const person = await people.session("dozen@example.com");
    const page = await openFor(person);
    const names = Array.from({ length: 8 }, (_, index) => `${index}.png`);
    let announced = 0;
    let completed = 0;
    let ahead = 0;
    page.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/v1/uploads")) announced += 1;
      ahead = Math.max(ahead, announced - completed);
    });
    const first: Route[] = [];
    let puts = 0;
    await onPut(page, async (route) => {
      puts += 1;
      if (puts <= 3) first.push(route);
      if (puts === 3) await Promise.all(first.map((each) => each.continue()));
      else if (puts === 4 || puts === 5)
        await route.fulfill({ status: 403, json: { title: "This URL has expired." } });
      else if (puts > 5) await route.continue();
    });
    await page.route("**/complete", async (route) => {
      completed += 1;
      await route.continue();
    });
    await chooseMany(page, names);
    await expect.poll(() => summaryOf(page)).toBe("8 of 8 files sent · you can leave this page");
    expect(await page.locator("li strong").allTextContents()).toEqual(names);
    expect(await uploadsOf(person)).toEqual(Array(8).fill("PROCESSING"));
    // The two whose URLs had expired were announced once more.
    expect(announced).toBe(8 + 2);
    expect(ahead).toBeLessThanOrEqual(3 + 2);
    expect(await page.locator("li .error:visible").count()).toBe(0);
  });

  test("shows which file was not sent and why, sends the others, and sends it again once on request", async () => {
    const person = await people.session("retry@example.com");
    const page = await openFor(person);
    let puts = 0;
    await onPut(page, async (route) => {
      puts += 1;
      if (puts > 1) await route.continue();
      else await route.fulfill({ status: 404, json: { title: "Not found." } });
    });
    await chooseMany(page, ["bad.png", "good.png", "fine.png"]);
    await expect.poll(() => summaryOf(page)).toBe("2 of 3 files sent · 1 not sent");
    const failed = page.locator("li", { has: page.getByRole("button", { name: /^Retry / }) });
    const name = await failed.locator("strong").innerText();
    expect(await failed.getByRole("alert").textContent()).toContain(`${name}: The file could not be sent.`);
    await expect.poll(() => uploadsOf(person)).toEqual(["PROCESSING", "PROCESSING"]);
    await failed.getByRole("button", { name: `Retry ${name}` }).dblclick();
    await expect.poll(() => summaryOf(page)).toContain("3 of 3 files sent");
    expect([puts, await uploadsOf(person)]).toEqual([4, Array(3).fill("PROCESSING")]);
  });

  test("warns before leaving while a file is sent, and cancels it on request", async () => {
    const person = await people.session("cancel@example.com");
    const page = await openFor(person);
    const held = new Promise<Route>((resolve) => void onPut(page, resolve));
    await choose(page, "slow.png");
    await held;
    expect(await page.getByRole("progressbar", { name: "Progress of slow.png" }).isVisible()).toBe(true);
    const dialog = page.waitForEvent("dialog");
    await page.close({ runBeforeUnload: true });
    expect((await dialog).type()).toBe("beforeunload");
    await (await dialog).dismiss();
    await page.getByRole("button", { name: "Cancel slow.png" }).click();
    await expect.poll(() => uploadsOf(person)).toEqual([]);
    expect(await page.locator("li").count()).toBe(0);
    await page.close({ runBeforeUnload: true });
    await expect.poll(() => page.isClosed()).toBe(true);
  });

  test("retries a connection that fails, then leaves it to the user", async () => {
    const person = await people.session("offline@example.com");
    const page = await openFor(person);
    await page.clock.install();
    let puts = 0;
    await onPut(page, async (route) => {
      puts += 1;
      await route.abort();
    });
    await choose(page, "lost.png");
    for (const wait of [1_000, 4_000, 15_000]) {
      await page.getByText("interrupted, retrying").waitFor();
      await page.clock.fastForward(wait);
      await expect.poll(() => statuses(page)).not.toEqual(["waiting"]);
    }
    await page.getByText("The file could not be sent. Check your connection and try again.").waitFor();
    expect([puts, await uploadsOf(person)]).toEqual([4, []]);
    await page.unroute(`**${PUT_PATH}**`);
    await page.getByRole("button", { name: "Retry lost.png" }).press("Enter");
    await expect.poll(() => uploadsOf(person)).toEqual(["PROCESSING"]);
  });

  test("waits as long as the server demands, without asking again", async () => {
    const person = await people.session("throttled@example.com");
    const page = await openFor(person);
    await page.clock.install();
    let announced = 0;
    await page.route("**/v1/uploads", async (route) => {
      announced += 1;
      if (announced > 3) await route.continue();
      else
        await route.fulfill({
          status: 429,
          headers: { "Retry-After": "1800" },
          json: { title: "Too many." },
        });
    });
    await chooseMany(page, ["a.png", "b.png", "c.png", "d.png"]);
    await expect.poll(() => statuses(page)).toEqual(Array(4).fill("waiting"));
    expect(await summaryOf(page)).toMatch(/^0 of 4 files sent · the limit is reached, continues at /);
    await page.clock.fastForward(1_790_000);
    expect([announced, await uploadsOf(person)]).toEqual([3, []]);
    await page.clock.fastForward(20_000);
    await expect.poll(() => summaryOf(page)).toContain("4 of 4 files sent");
    expect(announced).toBe(7);
  });

  test("accepts files dropped outside the box", async () => {
    const page = await openFor(owner);
    expect(await dropOutsideTheBox(page)).toBe(true);
    await page.getByText("Unsupported type. Supported:").waitFor();
    expect(await page.getByRole("alert").textContent()).toMatch(/^notes\.txt: Unsupported type/);
  });

  test("shows uploads page by page, newest first", async () => {
    const person = await people.session("many@example.com");
    const { id: userId } = await app.core.database.prisma.user.findUniqueOrThrow({
      where: { email: "many@example.com" },
    });
    const names = Array.from({ length: 21 }, (_, index) => `${index}.png`);
    for (const filename of names)
      await app.core.database.prisma.upload.create({
        data: { userId, filename, kind: "IMAGE", contentType: "image/png", bytes: 1 },
      });
    const page = await openFor(person);
    const shown = page.locator("li strong");
    const older = page.getByRole("button", { name: "Show more" });
    for (const count of [10, 20]) {
      await expect.poll(() => shown.count()).toBe(count);
      await older.click();
    }
    await expect.poll(() => shown.allTextContents()).toEqual(names.toReversed());
    expect(await older.isVisible()).toBe(false);
  });

  test("asks a visitor once to log in", async () => {
    const page = await visit();
    await page.goto(`${app.url}/uploads`);
    await page.getByText("Log in to upload files.").waitFor();
    expect(await dropOutsideTheBox(page)).toBe(true);
    expect(await page.getByText("Log in to upload files.").count()).toBe(1);
    expect(await page.getByLabel("Choose files").isDisabled()).toBe(true);
    expect(await problemOf(page)).toEqual([]);
  });
});
