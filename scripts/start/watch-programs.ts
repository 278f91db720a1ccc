import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { basename, join } from "node:path";

/** Milliseconds in which an editor, or git, has written all that it writes at once. */
const CALM = 100;

/**
 * Reports which programs and mail templates below these folders were written, but for tests and what is compiled; call what
 * it returns to end it. Each folder is watched by itself: Node's --watch and its recursive watcher lose a file on Linux that
 * an editor replaces by a new one.
 */
export const watchPrograms = (
  folders: readonly string[],
  onChange: (files: string[]) => void,
): (() => void) => {
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const forget = (path: string) => {
    watchers.get(path)?.close();
    watchers.delete(path);
  };

  const look = (path: string) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) forget(path);
    // Changes in a new folder before it was watched are not reported.
    else if (found.isDirectory()) for (const file of add(path)) look(file);
    if (!/\.(ts|mjml|txt)$/.test(path) || path.endsWith(".test.ts")) return;
    changed.add(path);
    clearTimeout(timer);
    timer = setTimeout(() => {
      onChange([...changed]);
      changed.clear();
    }, CALM);
  };

  /** Watches a folder and those below it, and returns the files in all that were not watched before. */
  const add = (folder: string): string[] => {
    if (watchers.has(folder) || basename(folder) === "compiled") return [];
    const watcher = watch(folder, (_event, name) => look(join(folder, name ?? "")));
    watchers.set(
      folder,
      watcher.on("error", () => forget(folder)),
    );
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? add(path) : [path];
    });
  };

  folders.forEach(add);
  return () => {
    clearTimeout(timer);
    for (const path of [...watchers.keys()]) forget(path);
  };
};
