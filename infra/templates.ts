import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { Eta } from "eta";

export type RenderedMail = { subject: string; text: string; html: string };

/**
 * Loads all compiled templates of `directory` (see scripts/templates.ts), so that a missing or invalid one is reported
 * at the start. The returned renderer throws on an unknown name and on a placeholder without a value.
 *
 * Values are escaped in HTML. Line breaks and bidirectional controls are removed in the subject, the text and the HTML.
 */
export const createRenderer = (directory: string) => {
  const html = new Eta({ autoTrim: false, autoFilter: true, filterFunction: sanitize });
  const text = html.withConfig({ autoEscape: false });
  const templates = new Map(templateNames(directory).map((name) => [name, load(name)]));

  function load(name: string) {
    const [subject, ...body] = readFileSync(join(directory, `${name}.txt`), "utf8").split("\n\n");
    return {
      subject: text.compile(subjectOf(name, subject)),
      text: text.compile(body.join("\n\n")),
      html: html.compile(readFileSync(join(directory, `${name}.html`), "utf8")),
    };
  }

  return (name: string, data: Record<string, unknown>): RenderedMail => {
    const template = templates.get(name);
    if (!template) throw new Error(`no template named ${name} in ${directory}`);
    const subject = template.subject.call(text, data);
    return {
      subject,
      text: template.text.call(text, data),
      html: template.html.call(html, { ...data, subject }),
    };
  };
};

const templateNames = (directory: string) =>
  readdirSync(directory)
    .filter((file) => file.endsWith(".html"))
    .map((file) => basename(file, ".html"));

/** A text template starts like a mail: `Subject: …`, an empty line, the text. */
const subjectOf = (name: string, firstLine: string | undefined) => {
  if (!firstLine?.startsWith("Subject: ")) throw new Error(`${name}.txt does not start with "Subject: "`);
  return firstLine.slice("Subject: ".length);
};

const sanitize = (value: unknown) => {
  if (typeof value !== "string") throw new Error("a template uses a value that was not given");
  return value.toWellFormed().replace(LINE_BREAKS_AND_CONTROLS, " ").replace(BIDI_CONTROLS, "");
};

const LINE_BREAKS_AND_CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
