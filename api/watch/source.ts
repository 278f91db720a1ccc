import { readFile, realpath } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Problem } from "../http/problem.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What may be read: folders of the repository, and one file. Never what a user or a program has written. */
const FOLDERS = ["api", "workers", "infra", "docs", "sandbox", "templates"];
const FILES = ["prisma/schema.prisma"];
const TEXT = new Set([
  ".ts",
  ".js",
  ".mjs",
  ".css",
  ".html",
  ".hbs",
  ".md",
  ".mjml",
  ".prisma",
  ".svg",
  ".sql",
]);

/** Lines that are sent of a long declaration, and at least. */
const MOST = 40;
const LEAST = 12;

export interface Source {
  path: string;
  symbol: string | null;
  /** Where the symbol is declared, and the number of the first of `lines`; both from 1. */
  line: number;
  first: number;
  lines: string[];
}

interface Query {
  path: string;
  symbol?: string | undefined;
}

/**
 * The lines of a declaration in the repository, or the first lines of a file.
 * @throws Problem if there is no such file or symbol, or it may not be read
 */
export const readSource = async ({ path, symbol }: Query, folder = root): Promise<Source> => {
  if (!isAllowed(path)) throw new Problem("not-found");
  const lines = (await readText(folder, path)).split(/\r?\n/);
  if (!symbol) return { path, symbol: null, line: 1, first: 1, lines: lines.slice(0, MOST) };
  const found = lines.findIndex(declares(symbol, extname(path)));
  if (found === -1) throw new Problem("not-found", { detail: `${path} declares no such symbol.` });
  const first = withComment(lines, found);
  const last = Math.min(endOf(lines, found), found + MOST - 1);
  const end = Math.max(last + 1, first + LEAST);
  return { path, symbol, line: found + 1, first: first + 1, lines: lines.slice(first, end) };
};

const readText = async (folder: string, path: string): Promise<string> => {
  try {
    const real = await realpath(join(folder, path));
    // A link could lead out of the folder.
    if (real !== join(await realpath(folder), path)) throw new Problem("not-found");
    return await readFile(real, "utf8");
  } catch (error) {
    if (MISSING.has(String((error as NodeJS.ErrnoException).code))) throw new Problem("not-found");
    throw error;
  }
};

const MISSING = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ENAMETOOLONG"]);

const isAllowed = (path: string) =>
  /^[\w@-]+(\.[\w-]+)*(\/[\w@-]+(\.[\w-]+)*)*$/.test(path) &&
  (FILES.includes(path) || (FOLDERS.includes(path.split("/")[0] ?? "") && TEXT.has(extname(path)))) &&
  !path.includes("node_modules");

/** Whether a line declares the symbol: TypeScript, JavaScript, a model of Prisma's, or a heading of a text. */
const declares = (symbol: string, extension: string) => {
  if (extension === ".md") return (line: string) => /^#+ /.test(line) && slugOf(line) === symbol;
  if (!/^[A-Za-z_$][\w$]*$/.test(symbol)) return () => false;
  const name = symbol.replaceAll("$", "\\$");
  const pattern =
    extension === ".prisma"
      ? new RegExp(`^(model|enum|type) ${name}\\b`)
      : new RegExp(
          `^(export )?(default )?(async )?(const|let|function\\*?|class|interface|type) ${name}(?![\\w$])`,
        );
  return (line: string) => pattern.test(line);
};

/** As GitHub names the anchor of a heading. */
const slugOf = (heading: string) =>
  heading
    .replace(/^#+ /, "")
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

/** The line at which the comment above a declaration begins. */
const withComment = (lines: readonly string[], found: number) => {
  let first = found;
  while (first > 0 && /^(\/\*\*| \*|\/\/|@)/.test(lines[first - 1] ?? "")) first -= 1;
  return first;
};

/** The last line of a declaration: the next one that begins at the margin closes it, or begins something else. */
const endOf = (lines: readonly string[], found: number) => {
  if (!/[({[=>,`]$|=> $/.test(lines[found] ?? "")) return found;
  const next = lines.findIndex((line, index) => index > found && /^\S/.test(line));
  if (next === -1) return lines.length - 1;
  return /^[)}\]`;]/.test(lines[next] ?? "") ? next : next - 1;
};
