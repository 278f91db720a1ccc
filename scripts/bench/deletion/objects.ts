import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Query } from "./query.ts";

/** Resolves with the keys of the objects of all uploads and reports. */
export const findKeys = async (query: Query): Promise<string[]> => {
  const rows = await query<{ key: string }>(
    `SELECT 'uploads/' || id || '/source' AS key FROM "Upload" UNION ALL
     SELECT 'uploads/' || "uploadId" || '/' || path FROM "UploadFile" UNION ALL
     SELECT 'reports/' || id || '/report.pdf' FROM "Report"`,
  );
  return rows.map(({ key }) => key);
};

/** Writes objects as infra/storage/local.ts does, without waiting for the disk after each one. */
export const writeObjects = async (folder: string, keys: readonly string[]): Promise<void> => {
  const body = Buffer.alloc(1_000);
  for (const key of keys) {
    const path = join(folder, "objects", key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, body);
    await writeFile(path.replace(/([^/]+)$/, ".$1.type"), "image/webp");
  }
};
