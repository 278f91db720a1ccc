import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { Eta } from "eta";

export type RenderedMail = { subject: string; text: string; html: string };

/**
 * Reads every compiled template of `directory` (see scripts/templates.ts) at once, so that a missing or broken one
 * stops the boot and not a mail. The renderer it returns throws on an unknown name, and on a placeholder without a value.
 *
 * Values are inert wherever they land: escaped in HTML, and without line breaks or bidirectional controls in the
 * subject, the text and the HTML.
 */
export const createRenderer = (directory: string) => {
  const html = new Eta({ autoTrim: false, autoFilter: true, filterFunction: inert });
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

/** A text template opens like a mail: `Subject: …`, an empty line, the text. */
const subjectOf = (name: string, firstLine: string | undefined) => {
  if (!firstLine?.startsWith("Subject: ")) throw new Error(`${name}.txt does not open with "Subject: "`);
  return firstLine.slice("Subject: ".length);
};

const inert = (value: unknown) => {
  if (typeof value !== "string") throw new Error("a template uses a value that it was not given");
  return value.toWellFormed().replace(LINE_BREAKS_AND_CONTROLS, " ").replace(BIDI_CONTROLS, "");
};

const LINE_BREAKS_AND_CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
