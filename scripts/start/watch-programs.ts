import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { basename, join } from "node:path";

/** Milliseconds to wait for more changes: an editor or git may write several files at once. */
const CALM = 100;

/**
 * Reports which programs and mail templates below these folders have changed, except tests and compiled templates.
 * Returns a function that stops it. Each folder has its own watcher: on Linux, Node's --watch and its recursive watcher
 * lose a file that an editor replaces with a new one.
 */
export const watchPrograms = (
  folders: readonly string[],
  onChange: (files: string[]) => void,
): (() => void) => {
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const unwatch = (path: string) => {
    watchers.get(path)?.close();
    watchers.delete(path);
  };

  const check = (path: string) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) unwatch(path);
    // Files may have been written to a new folder before it was watched.
    else if (found.isDirectory()) for (const file of add(path)) check(file);
    if (!/\.(ts|mjml|txt)$/.test(path) || path.endsWith(".test.ts")) return;
    changed.add(path);
    clearTimeout(timer);
    timer = setTimeout(() => {
      onChange([...changed]);
      changed.clear();
    }, CALM);
  };

  /** Watches a folder and those below it. Returns the files in the folders that were not watched before. */
  const add = (folder: string): string[] => {
    if (watchers.has(folder) || basename(folder) === "compiled") return [];
    const watcher = watch(folder, (_event, name) => check(join(folder, name ?? "")));
    watchers.set(
      folder,
      watcher.on("error", () => unwatch(folder)),
    );
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? add(path) : [path];
    });
  };

  folders.forEach(add);
  return () => {
    clearTimeout(timer);
    for (const path of [...watchers.keys()]) unwatch(path);
  };
};
