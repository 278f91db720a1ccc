import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSandbox } from "../../sandbox/sandbox.ts";
import { createTestApp, type TestApp } from "../support/api/app.ts";
import { closePages, missingChromium, startChromium } from "../support/browser/chromium.ts";
import { findBarriers } from "../support/watch/visitor.ts";
import { codeIn, createPeople, type People, tokenIn } from "../support/api/people.ts";
import { until } from "../../scripts/processes/until.ts";

const PHONE = { width: 360, height: 640 };
const paths = [
  "",
  "login",
  "forgot-password",
  "reset-password",
  "verify-email",
  "unsubscribe",
  "keep-account",
  "uploads",
  "docs",
];

const INVALID_LINK = "This link does not work";
const MAIL_SENT = "If this address still needs to be verified, we have sent a new email to it.";

let app: TestApp;
let people: People;
let browser: Browser | undefined;

describe("the pages", () => {
  beforeAll(async () => {
    app = await createTestApp();
    people = createPeople(app);
    if (!missingChromium) browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await app[Symbol.asyncDispose]();
  });

  afterEach(() => closePages(browser));
  beforeEach(({ skip }) => skip(missingChromium !== undefined, missingChromium));

  const open = async (path: string) => {
    const page = await browser!.newPage({ viewport: PHONE });
    await page.goto(`${app.url}/${path}`);
    return page;
  };
  const fill = async (page: Page, fields: Record<string, string>) => {
    for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
  };
  const click = (page: Page, name: string) => page.getByRole("button", { name }).click();
  const secondMailTo = (address: string) =>
    until(`a second mail to ${address}`, async () => {
      const mails = await app.mailsTo(address);
      return mails.length > 1 && mails[0];
    });

  test("fit a phone", async () => {
    await using cleanups = new AsyncDisposableStack();
    const sandbox = await createSandbox({ host: "127.0.0.1", smtpPort: 0, httpPort: 0 });
    cleanups.defer(() => sandbox.close());
    const page = await browser!.newPage({ viewport: PHONE });
    const tooWide: string[] = [];
    for (const url of [
      ...paths.map((path) => `${app.url}/${path}`),
      `http://127.0.0.1:${sandbox.httpPort}/`,
    ]) {
      await page.goto(url);
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      if (width > PHONE.width) tooWide.push(url);
    }
    expect(tooWide).toEqual([]);
  });

  test("resend the verification mail after sign-up and accept its code", async () => {
    const page = await open("");
    const { email, name, password } = people.person("ada@example.com");
    await fill(page, { Name: name, Email: email, Password: password });
    await click(page, "Sign up");
    await app.mailTo(email);
    await click(page, "Send the email again");
    await page.getByText(MAIL_SENT).waitFor();
    await fill(page, { "Six-digit code": codeIn((await secondMailTo(email)).text) });
    await click(page, "Verify address");
    await page.getByRole("heading", { name: "Your email address is verified" }).waitFor();
    expect(await page.getByRole("button").count()).toBe(0);
  });

  test("send an address as it was typed", async () => {
    const page = await open("");
    const { name, password } = people.person("");
    await fill(page, { Name: name, Email: "ada@bücher.example", Password: password });
    await click(page, "Sign up");
    await app.mailTo("ada@xn--bcher-kva.example");
    const where = { email: "ada@xn--bcher-kva.example" };
    const user = await app.core.database.prisma.user.findUniqueOrThrow({ where });
    expect(user.shownEmail).toBe("ada@bücher.example");
  });

  test("resend the verification mail on login before verification", async () => {
    const { email, password } = people.person("early@example.com");
    await app.request.post("/v1/signup").send(people.person(email));
    await app.mailTo(email);
    const page = await open("login");
    await fill(page, { Email: email, Password: password });
    expect(await page.getByText("Send a new verification email").isVisible()).toBe(false);
    await click(page, "Log in");
    await page.getByText("or the address is not verified yet.").waitFor();
    await click(page, "Send a new verification email");
    await page.getByText(MAIL_SENT).waitFor();
    await secondMailTo(email);
  });

  test("resend the verification mail for an expired link", async () => {
    const email = "late@example.com";
    await app.request.post("/v1/signup").send(people.person(email));
    const token = tokenIn((await app.mailTo(email)).text);
    await app.core.database.prisma.emailVerification.updateMany({ data: { expiresAt: new Date() } });
    const page = await open(`verify-email#${token}`);
    await click(page, "Verify address");
    await page.getByRole("heading", { name: INVALID_LINK }).waitFor();
    await click(page, "Send a new email");
    await page.getByText("Enter a valid email address.").waitFor();
    await fill(page, { Email: email });
    await click(page, "Send a new email");
    await page.getByText(MAIL_SENT).waitFor();

    // On the same page only the fragment would change, and a click could come before the reload.
    const other = await open(`verify-email#${tokenIn((await secondMailTo(email)).text)}`);
    await click(other, "Verify address");
    await other.getByRole("heading", { name: "Your email address is verified" }).waitFor();
  });

  test("offer a next step for a link without a token", async () => {
    const linksAt = async (path: string) => {
      const page = await open(path);
      await page.getByRole("heading", { name: INVALID_LINK }).waitFor();
      const links = await page.getByRole("link").all();
      return [
        await page.getByRole("button").allTextContents(),
        await Promise.all(links.map((link) => link.getAttribute("href"))),
      ];
    };
    expect(await linksAt("verify-email")).toEqual([["Send a new email"], ["login"]]);
    expect(await linksAt("reset-password")).toEqual([[], ["forgot-password"]]);
    expect(await linksAt("unsubscribe")).toEqual([[], ["/login"]]);
  });

  test.each(["%23", "%2523", "/#", "/%23"])("open by a link whose # was changed to %s", async (sign) => {
    const { email } = await people.verified(`changed-${encodeURIComponent(sign).length}@example.com`);
    const before = app.logged.length;
    await app.request.post("/v1/password/forgot").send({ email });
    const token = tokenIn((await app.mailTo(email, "Set a new password")).text);
    const page = await browser!.newPage({ viewport: PHONE });
    const requested: string[] = [];
    page.on("request", (request) => {
      const url = request.isNavigationRequest() ? "" : request.url();
      requested.push(url + JSON.stringify(request.headers()));
    });
    await page.goto(`${app.url}/reset-password${sign}${token}?utm_source=mail`);
    await fill(page, { "New password": "another horse battery" });
    await click(page, "Set password");
    await page.getByText("Your password has been changed.").waitFor();
    await page.getByRole("link", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    expect(requested.length).toBeGreaterThan(3);
    expect(requested.join()).not.toContain(token);
    expect(app.logged.slice(before).join()).not.toContain(token);
  });

  test("verify an address by a link whose # was encoded", async () => {
    const { email } = people.person("encoded@example.com");
    await app.request.post("/v1/signup").send(people.person(email));
    const page = await open(`verify-email%23${tokenIn((await app.mailTo(email)).text)}/`);
    await click(page, "Verify address");
    await page.getByRole("heading", { name: "Your email address is verified" }).waitFor();
  });

  test("explain an unknown address, and send it to no other", async () => {
    const page = await browser!.newPage({ viewport: PHONE });
    const referers: (string | undefined)[] = [];
    page.on("request", (request) => referers.push(request.headers()["referer"]));
    expect((await page.goto(`${app.url}/no/such-page`))?.status()).toBe(404);
    await page.getByRole("heading", { name: "Page not found" }).waitFor();
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBe(PHONE.width);
    await page.getByRole("link", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    expect(referers.filter(Boolean)).toEqual([]);
  });

  test("offer a new link when a password link has been used", async () => {
    const page = await open("reset-password#spent");
    await fill(page, { "New password": "short" });
    await click(page, "Set password");
    await page.getByText("Use at least 10 characters.").waitFor();
    await fill(page, { "New password": "correct horse battery" });
    await click(page, "Set password");
    await page.getByRole("heading", { name: INVALID_LINK }).waitFor();
    await page.getByRole("link", { name: "Request a new link" }).click();
    await page.getByRole("heading", { name: "Forgot your password?" }).waitFor();
  });

  test("offer a next step for an invalid unsubscribe link", async () => {
    const page = await open("unsubscribe?token=bad");
    await click(page, "Unsubscribe");
    await page.getByText("Open it from the email again.").waitFor();
    await page.getByRole("link", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "Log in" }).waitFor();
  });

  test("keep an account whose deletion is scheduled, after a click", async () => {
    const ada = await people.verified("keeping@example.com");
    const session = await people.as(ada);
    expect((await session.delete("/v1/account").send({ password: ada.password })).status).toBe(202);
    const token = tokenIn((await app.mailTo(ada.email, "Your account will be deleted")).text);
    const page = await open(`keep-account#${token}`);
    await click(page, "Keep my account");
    await page.getByRole("heading", { name: "Your account is kept" }).waitFor();
    const again = await open(`keep-account#${token}`);
    await click(again, "Keep my account");
    await again.getByRole("heading", { name: INVALID_LINK }).waitFor();
  });

  test("have no barrier that axe finds, apart from Swagger UI", async () => {
    const ada = await people.verified("barriers@example.com");
    const page = await open("login");
    await fill(page, { Email: ada.email, Password: ada.password });
    await click(page, "Log in");
    await page.getByRole("link", { name: "projects" }).waitFor();
    const signedIn = ["account", "projects", "reports", "notifications", "invitation", "account-closed"];
    for (const path of [...paths.filter((each) => each !== "docs"), ...signedIn]) {
      await page.goto(`${app.url}/${path}`);
      expect([path, await findBarriers(page)]).toEqual([path, []]);
    }
  });

  test("keep the button while the server is unavailable", async () => {
    const page = await open("verify-email#unread");
    await page.route("**/v1/verify-email", (route) => route.abort());
    await click(page, "Verify address");
    await page.getByText("The server is unavailable.").waitFor();
    await page.unroute("**/v1/verify-email");
    await click(page, "Verify address");
    await page.getByRole("heading", { name: INVALID_LINK }).waitFor();
  });
});
