import { existsSync, globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** The names of the concepts: files, steps of the live page, and parts of the tour. */
const NAMES = [
  ...["one-off", "recurring", "chain", "batch", "retry", "visibility-timeout"],
  ...["idempotency", "ordering", "rate-limit", "dead-letter", "scaling-out", "monitoring"],
];

const PARTS = ["## Where it is in the code", "## How to see it", "## What goes wrong without it"];

const texts = new Map<string, Promise<string>>();

/** Reads a file of the project, once. */
const read = (path: string): Promise<string> => {
  const text = texts.get(path) ?? readFile(join(root, path), "utf8");
  texts.set(path, text);
  return text;
};

const list = (pattern: string): string[] => globSync(pattern, { cwd: root }).toSorted();

/** A link of a document, as it is written. */
interface Link {
  text: string;
  target: string;
}

const linksOf = (markdown: string): Link[] =>
  [...markdown.replace(/^```.*?^```/gms, "").matchAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g)].map(
    ([, text = "", target = ""]) => ({ text, target }),
  );

const isOutside = ({ target }: Link): boolean => /^[a-z]+:/.test(target);

/** The anchors of a document's headings, as GitHub derives them. */
const anchorsOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

/** How often a file declares a symbol at its top level. */
const declarations = async (path: string, symbol: string): Promise<number> => {
  const kinds = "const|let|async function|function\\*?|class|interface|type|model|enum";
  const declaration = new RegExp(
    `^(export )?(default )?(${kinds}) ${symbol.replaceAll("$", "\\$")}(?![\\w$])`,
    "gm",
  );
  return (await read(path)).match(declaration)?.length ?? 0;
};

const concepts = await Promise.all(
  NAMES.map(async (name) => ({
    name,
    path: `docs/concepts/${name}.md`,
    text: await read(`docs/concepts/${name}.md`),
  })),
);

test("there is one page for each concept, and the index lists all in order", async () => {
  const files = list("docs/concepts/*.md");
  expect(files).toEqual([...NAMES, "README"].map((name) => `docs/concepts/${name}.md`).toSorted());
  const linked = linksOf(await read("docs/concepts/README.md")).map(({ target }) => target);
  expect(linked.filter((target) => NAMES.includes(basename(target, ".md")))).toEqual(
    NAMES.map((name) => `${name}.md`),
  );
});

test.for(concepts)("$path has all parts on half a page", ({ name, text }) => {
  expect(text.split("\n").length).toBeLessThanOrEqual(45);
  expect(text.match(/^#+ .*$/gm)).toEqual([expect.stringMatching(/^# \w/), ...PARTS]);
  expect(anchorsOf(text)[0]).toBe(name);
  const [, code = "", see = "", incident = ""] = text.split(/^## .*$/m);
  expect(linksOf(code).length).toBeGreaterThanOrEqual(3);
  expect(see).toContain(`<http://127.0.0.1:3000/watch#step=${name}>`);
  expect(linksOf(see).map(({ target }) => target)).toEqual([`../tour.md#${name}`]);
  expect(linksOf(incident).filter(isOutside)).not.toEqual([]);
});

test.for(concepts)(
  "the links of $path to code name symbols that their files declare",
  async ({ path, text }) => {
    const [, code = ""] = text.split(/^## .*$/m);
    for (const { text: symbol, target } of linksOf(code)) {
      expect(symbol).toMatch(/^`[\w$]+`$/);
      const file = relative(root, join(root, dirname(path), target));
      expect(await declarations(file, symbol.slice(1, -1)), `${file} declares ${symbol}`).toBe(1);
    }
  },
);

test("the live page's references to code name symbols that their files declare", async () => {
  const sources = await Promise.all(list("api/watch/public/**/*.js").map(read));
  const found = sources.join("\n").matchAll(/["'`]([\w.-]+(?:\/[\w.-]+)+)#([\w$]+)["'`]/g);
  const references = new Map(
    [...found].map(([, path = "", symbol = ""]) => [`${path}#${symbol}`, { path, symbol }]),
  );
  const wrong: string[] = [];
  for (const [reference, { path, symbol }] of references)
    if (!existsSync(join(root, path)) || (await declarations(path, symbol)) !== 1) wrong.push(reference);
  expect(wrong).toEqual([]);
});

test("each page has a step of the live page, in the same order", async () => {
  const { STEPS } = (await import(join(root, "api/watch/public/steps.js"))) as { STEPS: { name: string }[] };
  expect(STEPS.map(({ name }) => name)).toEqual(NAMES);
});

test("links among the documents lead to files and headings that exist", async () => {
  const documents = [...list("*.md"), ...list("docs/**/*.md"), ...list("workers/*/README.md")];
  const broken: string[] = [];
  for (const document of documents) {
    const text = await read(document);
    for (const link of linksOf(text).filter((each) => !isOutside(each))) {
      const [file = "", anchor] = link.target.split("#");
      const path = file === "" ? document : join(dirname(document), file);
      const isThere = existsSync(join(root, path));
      if (!isThere || (anchor && !anchorsOf(await read(path)).includes(anchor)))
        broken.push(`${document}: ${link.target}`);
    }
  }
  expect(broken).toEqual([]);
});
