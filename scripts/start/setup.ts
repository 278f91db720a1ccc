import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { compileTemplates } from "../templates.ts";

const root = join(import.meta.dirname, "../..");

/** Generates the files that git ignores, if they are outdated: the Prisma client and the compiled mail templates. */
export const prepare = async (): Promise<void> => {
  await Promise.all([generateClient(), compileTemplates()]);
};

const generateClient = async () => {
  const [schema, client] = await Promise.all([
    read("prisma/schema.prisma"),
    read("prisma/client/internal/class.ts"),
  ]);
  // The generated client contains the schema that it was generated from.
  if (client.includes(JSON.stringify(schema))) return;
  const prisma = join(root, "node_modules/prisma/build/index.js");
  await promisify(execFile)(process.execPath, [prisma, "generate"], { cwd: root });
};

const read = (path: string) => readFile(join(root, path), "utf8").catch(() => "");
