import { readdirSync, readFileSync } from "node:fs";
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

/** WCAG 2.2: relative luminance, and the ratio of two colours. */
const luminance = (colour: string) => {
  const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) =>
    linear(Number.parseInt(colour.slice(at, at + 2), 16) / 255),
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (...colours: [string, string]) => {
  const [dark = 0, light = 0] = colours.map(luminance).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

test("the colours of all small texts have a contrast of 4.5 or more", () => {
  const layout = ["head", "footer", "footer-invited"]
    .map((name) => readFileSync(join(templates, `layout/${name}.mjml`), "utf8"))
    .join("");
  const colourIn = (pattern: RegExp) => pattern.exec(layout)?.[1] ?? "none";
  const page = colourIn(/container-background-color="(#\w+)"/);
  const card = colourIn(/name="card"[^>]*background-color="(#\w+)"/);
  const [darkPage, darkCard] = [
    colourIn(/\.page > div \{\s*background-color: (#\w+)/),
    colourIn(/\.card > table \{\s*background: (#\w+)/),
  ];
  const footers = [...layout.matchAll(/color="(#\w+)" css-class="footer"/g)].map(([, colour = ""]) => colour);
  const fine = colourIn(/name="fine"[^>]*color="(#\w+)"/);
  const darkFine = colourIn(/\.fine div,[^{]*\{\s*color: (#\w+)/);
  const pairs: [string, string][] = [
    ...footers.map((colour): [string, string] => [colour, page]),
    [colourIn(/\.quiet \{[^}]*[^-]color: (#\w+)/), page],
    [fine, card],
    [darkFine, darkPage],
    [darkFine, darkCard],
  ];
  expect(footers).toHaveLength(2);
  expect(pairs.filter((pair) => !(contrast(...pair) >= 4.5))).toEqual([]);
});
