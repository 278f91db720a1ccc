import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

test("comments have at most 120 columns", async () => {
  const long: string[] = [];
  for await (const file of glob("{api,infra,sandbox,scripts,test,workers}/**/*.{ts,mjs}", { cwd: root })) {
    const lines = (await readFile(join(root, file), "utf8")).split("\n");
    for (const [index, line] of lines.entries())
      if (line.length > 120 && /^\s*(\/\/|\/\*|\*)|\S \/\/ /.test(line)) long.push(`${file}:${index + 1}`);
  }
  expect(long).toEqual([]);
});
