import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRenderer } from "./templates.ts";

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "templates-"))));
afterEach(() => rmSync(directory, { recursive: true }));

test("renders subject, text and HTML from the same values", () => {
  write(
    "Subject: Hello <%= it.name %>\n\nDear <%= it.name %>,\n\nBye\n",
    "<title><%= it.subject %></title><p><%= it.name %></p>",
  );
  expect(createRenderer(directory)("mail", { name: "Ada" })).toEqual({
    subject: "Hello Ada",
    text: "Dear Ada,\n\nBye\n",
    html: "<title>Hello Ada</title><p>Ada</p>",
  });
});

test.for([
  ["<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"],
  [`" onmouseover="alert(1)`, "&quot; onmouseover=&quot;alert(1)", `" onmouseover="alert(1)`],
  ["Ada\r\nBcc: eve@example.com", "Ada Bcc: eve@example.com", "Ada Bcc: eve@example.com"],
  ["Ada\u2028\u0000\u0085Eve", "Ada Eve", "Ada Eve"],
  ["\u202eadA\u202c \u2067x\u2069", "adA x", "adA x"],
  ["lone \ud800 surrogate", "lone \ufffd surrogate", "lone \ufffd surrogate"],
  ["<%= process.env %>", "&lt;%= process.env %&gt;", "<%= process.env %>"],
  ["עדה", "עדה", "עדה"],
])("%j is sanitized", ([name, html, plain]) => {
  write("Subject: <%= it.name %>\n\n<%= it.name %>", `<p title="<%= it.name %>"><%= it.name %></p>`);
  const mail = createRenderer(directory)("mail", { name });
  expect(mail).toEqual({ subject: plain, text: plain, html: `<p title="${html}">${html}</p>` });
});

test("fails when a value is missing", () => {
  write("Subject: Hi\n\nHello <%= it.nmae %>", "");
  expect(() => createRenderer(directory)("mail", { name: "Ada" })).toThrow("not given");
});

test("rejects an unknown template", () => {
  write("Subject: Hi\n\nHello", "");
  expect(() => createRenderer(directory)("male", {})).toThrow("no template named male");
});

test("rejects a template without a subject at the start", () => {
  write("Hello\n\nAda", "");
  expect(() => createRenderer(directory)).toThrow(`mail.txt does not start with "Subject: "`);
});

const write = (text: string, html: string) => {
  writeFileSync(join(directory, "mail.txt"), text);
  writeFileSync(join(directory, "mail.html"), html);
};
