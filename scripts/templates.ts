import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

const root = join(import.meta.dirname, "../templates");
const layout = join(root, "layout");
const compiled = join(root, "compiled");

/** Compiles `templates/*.mjml` into `templates/compiled`, unless that is up to date. Any mjml warning is an error. */
export const compileTemplates = async () => {
  const names = (await list(root, ".mjml")).map((file) => basename(file, ".mjml"));
  if (await isFresh(names)) return;

  const { default: mjml } = await import("mjml");
  await rm(compiled, { recursive: true, force: true });
  await mkdir(compiled, { recursive: true });
  for (const name of names) {
    const source = join(root, `${name}.mjml`);
    // `fonts: {}` keeps mjml from linking web fonts: the mail must not load anything when it is opened.
    const { html } = await mjml(await readFile(source, "utf8"), {
      filePath: source,
      ignoreIncludes: false,
      validationLevel: "strict",
      fonts: {},
    });
    // mjml reports a missing include only as a comment in its output.
    if (html.includes("<!-- mj-include")) throw new Error(`${name}.mjml includes a file that does not exist`);
    await copyFile(join(root, `${name}.txt`), join(compiled, `${name}.txt`));
    await writeFile(join(compiled, `${name}.html`), html);
  }
};

const isFresh = async (names: string[]) => {
  const wanted = names.flatMap((name) => [`${name}.html`, `${name}.txt`]).map((file) => join(compiled, file));
  const outputs = await list(compiled, "").catch(() => []);
  if (outputs.toSorted().join() !== wanted.toSorted().join()) return false;

  const sources = [
    import.meta.filename,
    ...(await list(root, ".mjml", ".txt")),
    ...(await list(layout, ".mjml")),
  ];
  return Math.max(...(await changed(sources))) < Math.min(...(await changed(outputs)));
};

const list = async (directory: string, ...endings: string[]) =>
  (await readdir(directory))
    .filter((file) => endings.some((ending) => file.endsWith(ending)))
    .map((file) => join(directory, file));

const changed = (paths: string[]) => Promise.all(paths.map(async (path) => (await stat(path)).mtimeMs));

if (process.argv[1] === import.meta.filename) await compileTemplates();
