import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { createRenderer } from "../../infra/templates.ts";
import { samples } from "./samples.ts";
import { compileTemplates } from "../templates.ts";

const templates = join(import.meta.dirname, "../../templates");
const names = readdirSync(templates)
  .filter((file) => file.endsWith(".mjml"))
  .map((file) => file.replace(".mjml", ""));

const sample = (name: string) => samples[name as keyof typeof samples];

/** Its account has nothing to open any more. */
const withoutButton = (name: string) => name === "account-deleted";

let render: ReturnType<typeof createRenderer>;
beforeAll(async () => {
  await compileTemplates();
  render = createRenderer(join(templates, "compiled"));
});

test.for(names)("%s has the same content in HTML and in text, and loads nothing", (name) => {
  const values = { name: "<b>Ada</b>", inviter: "<b>Ada</b>", url: "https://app.example/?a=1&b=2" };
  const mail = render(name, { ...sample(name), ...values });
  expect(mail.subject).toMatch(/^[A-Z].{5,60}$/);
  // The name of an invited person is not known.
  expect(mail.text).toContain(name === "invitation" ? "<b>Ada</b> invites you" : "Hello <b>Ada</b>,");
  expect(mail.text.includes("https://app.example/?a=1&b=2")).toBe(!withoutButton(name));
  expect(mail.html).toContain("&lt;b&gt;Ada&lt;/b&gt;");
  expect(mail.html.includes(`href="https://app.example/?a=1&amp;b=2"`)).toBe(!withoutButton(name));
  expect(mail.html).toContain(`<title>${mail.subject}</title>`);
  expect(mail.html).not.toMatch(/<%|undefined|<b>Ada|<script|<img|<link|@import|url\(/);
});

test.for(names)("%s reads well without a name", (name) => {
  const mail = render(name, { ...sample(name), name: "", url: "https://app.example" });
  expect(mail.text).toContain("Hello,");
  expect(mail.html).toContain("Hello,");
});

test.for(names)(
  "%s has a preheader that is not the subject, and one button if there is something to open",
  (name) => {
    const { subject, html } = render(name, { ...sample(name), name: "Ada", url: "https://app.example" });
    const preheader = /<body[^>]*>\s*<div style="display:none[^>]*>\s*([^<]+?)\s*<\/div>/.exec(html)?.[1];
    expect(preheader).toMatch(/^.{20,90}$/);
    expect(preheader).not.toContain(subject);
    expect(html.split('class="button"')).toHaveLength(withoutButton(name) ? 1 : 2);
  },
);
