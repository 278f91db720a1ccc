import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { photograph } from "./photograph.ts";

/** JPEGs of 12 megapixels, as phones make them. Any index will do: they repeat. */
export interface Photos {
  readonly count: number;
  read(index: number): Promise<Buffer>;
  /** A folder for what is made of a photo; the second time it is the same. */
  folderFor(index: number): Promise<string>;
}

/** Makes so many photos in a new folder, which is gone with all that was made of them when this is disposed of. */
export const makePhotos = async (count: number): Promise<Photos & AsyncDisposable & { root: string }> => {
  const root = await mkdtemp(join(tmpdir(), "offstage-photos-"));
  for (let index = 0; index < count; index++)
    await writeFile(join(root, `${index}.jpg`), await photograph(4_000, 3_000, index + 1));
  return {
    ...(await openPhotos(root)),
    root,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  };
};

/** Opens the photos of another process. */
export const openPhotos = async (root: string): Promise<Photos> => {
  const count = (await readdir(root)).filter((name) => name.endsWith(".jpg")).length;
  return {
    count,
    read: (index) => readFile(join(root, `${index % count}.jpg`)),
    folderFor: async (index) => {
      const folder = join(root, `made-${index % count}`);
      await mkdir(join(folder, "image"), { recursive: true });
      return folder;
    },
  };
};
