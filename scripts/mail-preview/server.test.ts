import { afterAll, beforeAll, expect, test } from "vitest";
import { samples } from "./samples.ts";
import { startPreview } from "./server.ts";

let preview: Awaited<ReturnType<typeof startPreview>>;
beforeAll(async () => void (preview = await startPreview(0)));
afterAll(() => preview.close());

const get = (path: string) => fetch(preview.url + path);

test("lists every template with its subject and its text", async () => {
  const mails = (await (await get("/mails")).json()) as Record<"name" | "subject" | "text", string>[];
  expect(mails.map(({ name }) => name)).toEqual(Object.keys(samples));
  for (const { name, subject, text } of mails) {
    expect(subject).not.toBe("");
    expect(text).toContain(name === "invitation" ? "Ada Lovelace invites you" : "Hello Ada Lovelace,");
  }
});

test.for(Object.keys(samples))("shows %s in light and dark, ignoring the system's scheme", async (name) => {
  const pages = await Promise.all(
    ["light", "dark"].map(async (scheme) => (await get(`/mails/${name}/${scheme}`)).text()),
  );
  expect(pages[0]).toContain("@media not all");
  expect(pages[1]).toContain("@media all");
  for (const page of pages) expect(page).not.toMatch(/prefers-color-scheme|light dark/);
});

test("forbids scripts and requests in a mail", async () => {
  const { headers } = await get("/mails/welcome/light");
  expect(headers.get("Content-Security-Policy")).toMatch(/^sandbox; default-src 'none';/);
});

test("responds 404 for any other template", async () => {
  for (const path of ["/mails/none/light", "/mails/welcome/blue", "/mails/constructor/light"])
    expect((await get(path)).status).toBe(404);
});

test("serves its page without external resources", async () => {
  const page = await get("/");
  expect(page.headers.get("Content-Security-Policy")).toContain("default-src 'none'; script-src 'self'");
  expect(await page.text()).not.toMatch(/https?:\/\//);
  expect((await get("/style.css")).status).toBe(200);
});
