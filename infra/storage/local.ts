import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import {
  mkdir,
  open,
  opendir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import type { Signer } from "./signature.ts";
import { checkKey, ObjectMissingError, type Storage, StorageFullError, WORDS } from "./storage.ts";

const HOUR = 3_600_000;

export interface LocalOptions {
  folder: string;
  signer: Signer;
}

/**
 * Stores objects as files below `objects/`, each with its type in a hidden file next to it. An object is written to
 * `incoming/`, on the same file system, and renamed when it is complete and flushed to disk. The URLs are relative: the
 * API receives the objects, at the host name that the client used (api/uploads/signed-put.ts).
 */
export const createLocalStorage = ({ folder, signer }: LocalOptions): Storage => {
  const pathOf = (key: string) => join(folder, "objects", checkKey(key));
  const typeOf = (path: string) => join(dirname(path), `.${basename(path)}.type`);
  const incoming = join(folder, "incoming");
  let tidiedAt = 0;

  /** Removes the incomplete files of killed processes: those that were not written to for an hour. */
  const tidy = async () => {
    if (tidiedAt > Date.now() - HOUR) return;
    tidiedAt = Date.now();
    for (const name of await readdir(incoming)) {
      const path = join(incoming, name);
      const found = await stat(path).catch(unlessMissing);
      if (found && found.mtimeMs < Date.now() - HOUR) await rm(path, { force: true });
    }
  };

  const writeDurably = async (path: string, body: Buffer | Readable) => {
    const source = Buffer.isBuffer(body) ? Readable.from([body]) : body;
    await pipeline(source, createWriteStream(path, { flags: "wx", flush: true }));
  };

  /** Creates the folder of a path and runs `work`. Repeats both if the folder was removed in between. */
  const inFolder = async (path: string, work: () => Promise<void>) => {
    for (let tries = 1; ; tries++) {
      await mkdir(dirname(path), { recursive: true });
      try {
        return await work();
      } catch (error) {
        if (tries === 5 || !isMissing(error)) throw error;
      }
    }
  };

  return {
    origin: undefined,

    signPut: async (key, object) => ({
      url: signer.sign(checkKey(key), object),
      headers: { "Content-Type": object.contentType },
    }),

    signGet: async (key) => pathToFileURL(pathOf(key)).href,

    head: async (key) => {
      const path = pathOf(key);
      const found = await stat(path).catch(unlessMissing);
      if (!found?.isFile()) return undefined;
      const contentType = await readFile(typeOf(path), "utf8").catch(unlessMissing);
      return { bytes: found.size, contentType: contentType ?? "application/octet-stream" };
    },

    read: async (key, range = { start: 0, end: Infinity }) => {
      const file = await open(pathOf(key)).catch((error: unknown) => {
        throw isMissing(error) ? new ObjectMissingError(key, { cause: error }) : error;
      });
      return file.createReadStream(range);
    },

    write: async (key, body, contentType, around = (publish) => publish()) => {
      const path = pathOf(key);
      const temporary = join(incoming, randomUUID());
      try {
        await mkdir(incoming, { recursive: true });
        await tidy();
        await writeDurably(temporary, body);
        const publish = () =>
          inFolder(path, async () => {
            await writeFile(typeOf(path), contentType);
            await rename(temporary, path);
          });
        await around(publish);
        await flushFolder(dirname(path));
      } catch (error) {
        await rm(temporary, { force: true });
        throw isFull(error) ? new StorageFullError({ cause: error }) : error;
      }
    },

    list: async function* (prefix) {
      const start = prefix.replace(/\/$/, "");
      yield* filesBelow(pathOf(start), start);
    },

    folders: (prefix, after, limit) => foldersIn(pathOf(prefix.replace(/\/$/, "")), after ?? "", limit),

    remove: async (keys) => {
      for (const path of keys.map(pathOf)) {
        await rm(path, { force: true });
        await rm(typeOf(path), { force: true });
        await removeEmptyFolders(dirname(path), join(folder, "objects"));
      }
    },

    close: () => {},
  };
};

/**
 * Includes objects of which only the type file is left, so that they can be removed. Ignores files of other programs,
 * such as .DS_Store.
 */
async function* filesBelow(path: string, key: string): AsyncIterable<string> {
  const entries = (await readdir(path, { withFileTypes: true }).catch(unlessMissing)) ?? [];
  const names = entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => /^\.(.+)\.type$/.exec(name)?.[1] ?? name)
    .filter((name) => WORDS.test(name));
  for (const name of new Set(names)) yield `${key}/${name}`;
  for (const { name } of entries.filter((entry) => entry.isDirectory() && WORDS.test(entry.name)))
    yield* filesBelow(join(path, name), `${key}/${name}`);
}

/** A folder of a file system has no order, so each page reads it to the end and keeps the first names. */
const foldersIn = async (path: string, after: string, limit: number): Promise<string[]> => {
  let names: string[] = [];
  for await (const entry of (await opendir(path).catch(unlessMissing)) ?? []) {
    if (!entry.isDirectory() || !WORDS.test(entry.name) || entry.name <= after) continue;
    if (names.push(entry.name) >= 2 * limit) names = names.sort().slice(0, limit);
  }
  return names.sort().slice(0, limit);
};

const removeEmptyFolders = async (path: string, root: string) => {
  for (let each = path; each !== root; each = dirname(each)) {
    try {
      await rmdir(each);
    } catch (error) {
      if (isMissing(error)) continue;
      if (isNodeError(error, "ENOTEMPTY", "EEXIST")) return;
      throw error;
    }
  }
};

/** A rename is durable only when its folder is flushed too. */
const flushFolder = async (path: string) => {
  const folder = await open(path).catch(unlessMissing);
  try {
    await folder?.sync();
  } finally {
    await folder?.close();
  }
};

const isNodeError = (error: unknown, ...codes: string[]) =>
  error instanceof Error && "code" in error && codes.includes(String(error.code));
const isMissing = (error: unknown) => isNodeError(error, "ENOENT", "ENOTDIR");
const isFull = (error: unknown) => isNodeError(error, "ENOSPC", "EDQUOT");

const unlessMissing = (error: unknown): undefined => {
  if (!isMissing(error)) throw error;
};
