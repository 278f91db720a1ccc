import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ffmpegPackages, type Image, isUnused, leftOut, loadedByOthers } from "../scripts/images/contents.ts";

const root = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json")) as Record<string, Record<string, string>>;
const ours = Object.keys({ ...manifest["dependencies"], ...manifest["optionalDependencies"] });

/** The files of this project that a program may import, by the paths in their text. */
const reachedFrom = (main: string): string[] => {
  const found = new Set<string>();
  const add = (path: string) => {
    if (found.has(path) || !existsSync(join(root, path))) return;
    found.add(path);
    for (const [, target = ""] of read(path).matchAll(/["'`](\.\.?\/[^"'`]+\.(?:ts|js|mjs))["'`]/g))
      add(relative(root, join(root, dirname(path), target)));
  };
  add(main);
  return [...found];
};

/** Packages that a file names, as a whole or with a path in them. */
const namedIn = (text: string): string[] => {
  const texts = [...text.matchAll(/["'`]([^"'`\s]+)["'`]/g)].map(([, each = ""]) => each);
  return ours.filter((name) => texts.some((each) => each === name || each.startsWith(`${name}/`)));
};

const images = { api: "api/main.ts", worker: "workers/main.ts" } as const satisfies Record<Image, string>;
const both = Object.entries(images) as [Image, string][];

test.for(both)(
  "the %s image leaves out the packages that %s does not import, and no other",
  ([image, main]) => {
    const used = new Set([
      ...reachedFrom(main).flatMap((path) => namedIn(read(path))),
      ...loadedByOthers[image],
    ]);
    const unused = ours.filter((name) => !used.has(name) && !ffmpegPackages.includes(name));
    expect([...leftOut[image]].toSorted()).toEqual(unused.toSorted());
  },
);

test.for(both)("no file that the %s image leaves out is loaded by %s", async ([image, main]) => {
  const files = reachedFrom(main).filter((path) => !/(^|\/)(main|\w*-?thread)\.ts$|\/public\//.test(path));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(root, "test/support/images/load.mjs"), ...files.map((path) => join(root, path))],
    { cwd: root, maxBuffer: 1 << 26 },
  );
  const loaded = (JSON.parse(stdout) as string[]).flatMap((url) => {
    const inPackages = url.split("/node_modules/").at(-1) ?? "";
    return inPackages === url ? [] : [inPackages];
  });
  expect(loaded.length).toBeGreaterThan(500);
  expect(loaded.filter(isUnused)).toEqual([]);
  const omitted = leftOut[image].filter((name) => loaded.some((path) => path.startsWith(`${name}/`)));
  expect(omitted).toEqual([]);
});

test("the API's image keeps the scripts and styles of packages that pages load", () => {
  const served = (pages: string[], pattern: RegExp, folder: string) =>
    pages.flatMap((page) => [...read(page).matchAll(pattern)].map(([, path = ""]) => join(folder, path)));
  const lit =
    dirname(fileURLToPath(import.meta.resolve("lit-html")))
      .split("/node_modules/")
      .at(-1) ?? "";
  const files = [
    ...served(globSync("api/watch/public/**/*.js", { cwd: root }), /from "\.\.?\/lit\/([\w./-]+)"/g, lit),
    ...served(["api/http/docs/index.html"], /"(swagger-ui[\w.-]+)"/g, "swagger-ui-dist"),
  ];
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((path) => isUnused(path) || !existsSync(join(root, "node_modules", path)))).toEqual([]);
});

test("the images keep every font that reports are set in", () => {
  const text = read("workers/report-generate/pdf/fonts.ts");
  const fonts = [...text.matchAll(/"(\.[\w./-]+\.(?:ttf|otf))"/g)].map(([, path = ""]) => path);
  expect(fonts.length).toBeGreaterThan(10);
  expect(fonts.filter(isUnused)).toEqual([]);
  expect(isUnused("@embedpdf/fonts-latin/fonts/NotoSans-Black.ttf")).toBe(true);
});

test("licences stay in the images", () => {
  for (const file of ["LICENSE", "LICENSE.md", "NOTICE", "LICENSE.txt"])
    expect([file, isUnused(`sharp/${file}`)]).toEqual([file, false]);
});
