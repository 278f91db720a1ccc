import type { Dirent } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalStorage } from "../../../infra/storage/local.ts";
import { createS3Storage } from "../../../infra/storage/s3.ts";
import { createSigner } from "../../../infra/storage/signature.ts";
import type { Storage } from "../../../infra/storage/storage.ts";
import { startS3 } from "./s3.ts";

export type Driver = "local" | "s3";
export const drivers: Driver[] = ["local", "s3"];

export interface TestStorage extends AsyncDisposable {
  readonly storage: Storage;
  /** The folder of its files. */
  readonly folder: string;
  /** All objects and partial files. */
  contents(): Promise<string[]>;
}

export const keysOf = async (storage: Storage, prefix: string): Promise<string[]> => {
  const keys = [];
  for await (const key of storage.list(prefix)) keys.push(key);
  return keys.sort();
};

export const createTestStorage = async (driver: Driver, secret: string): Promise<TestStorage> => {
  const cleanups = new AsyncDisposableStack();
  const folder = cleanups.adopt(await mkdtemp(join(tmpdir(), ".offstage-files-")), (path) =>
    rm(path, { recursive: true, force: true }),
  );
  const open = async () => {
    if (driver === "local") return createLocalStorage({ folder, signer: createSigner(secret) });
    const s3 = cleanups.adopt(await startS3(folder), (each) => each.close());
    return createS3Storage(s3.options);
  };
  const storage = cleanups.adopt(await open(), (each) => each.close());
  const entries = async (): Promise<Dirent[]> => {
    try {
      return await readdir(folder, { recursive: true, withFileTypes: true });
    } catch (error) {
      // A purge removed a folder while it was read.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return entries();
      throw error;
    }
  };
  const onDisk = async () =>
    (await entries())
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".type"))
      .map(({ name, parentPath }) => join(parentPath, name).replace(`${folder}/`, ""));
  return {
    storage,
    folder,
    contents: () => (driver === "local" ? onDisk() : keysOf(storage, "uploads/")),
    [Symbol.asyncDispose]: () => cleanups.disposeAsync(),
  };
};
