import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { photograph } from "./photograph.ts";

/** JPEGs of 12 megapixels, as from a phone. An index beyond `count` starts again at the first photo. */
export interface Photos {
  readonly count: number;
  read(index: number): Promise<Buffer>;
  /** Creates the folder for the variants of a photo, if it does not exist. */
  folderFor(index: number): Promise<string>;
}

/** Creates `count` photos in a new folder, `root`. Disposing of them deletes the folder, including all variants. */
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

/** Opens the photos in a folder that `makePhotos` created, possibly in another process. */
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
