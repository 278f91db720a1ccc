import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The two ways in which a test finds out which broker its run has. */
const asksForBroker = /\binject\("redisUrl"\)|\benv\["BROKER"\]/;
const relativeImport = /\b(?:from|import)\s*\(?\s*"(\.\.?\/[^"]+\.ts)"/g;

/**
 * The files that match and that can use the broker of the run: they, or files that they import, find out which broker
 * it is. All other tests are the same on every broker.
 */
export const filesOnBroker = (root: string, pattern: string): string[] => {
  const sources = new Map<string, { asks: boolean; imports: string[] }>();

  const read = (file: string) => {
    const known = sources.get(file);
    if (known) return known;
    const text = readFileSync(file, "utf8");
    const imports = [...text.matchAll(relativeImport)].map(([, path = ""]) => resolve(dirname(file), path));
    // What only looks like an import, in a string, may not exist.
    const source = { asks: asksForBroker.test(text), imports: imports.filter((path) => existsSync(path)) };
    sources.set(file, source);
    return source;
  };

  const canUseBroker = (file: string): boolean => {
    const reached = new Set([file]);
    for (const each of reached) {
      const { asks, imports } = read(each);
      if (asks) return true;
      for (const imported of imports) reached.add(imported);
    }
    return false;
  };

  return globSync(pattern, { cwd: root }).filter((file) => canUseBroker(join(root, file)));
};
