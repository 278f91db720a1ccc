import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { drawPictures } from "./report-samples/documents.ts";

// Draws pages of sample reports as pictures: large ones into docs/reports, and small ones that the tests compare with.

const root = join(import.meta.dirname, "..");

const draw = async (folder: string, dpi: number): Promise<void> => {
  await mkdir(join(root, folder), { recursive: true });
  for await (const { name, png } of drawPictures(dpi))
    await writeFile(join(root, folder, `${name}.png`), png);
};

await draw("docs/reports", 110);
await draw("workers/report-generate/pdf/pictures", 60);
