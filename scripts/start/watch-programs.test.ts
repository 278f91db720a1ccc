import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../processes/until.ts";
import { watchPrograms } from "./watch-programs.ts";

let folder: string;
let changes: string[][];
let end: () => void;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "offstage-watch-"));
  await mkdir(join(folder, "email"));
  await writeFile(join(folder, "email/job.ts"), "");
  changes = [];
  end = watchPrograms([folder], (files) => changes.push(files));
});
afterEach(async () => {
  end();
  await rm(folder, { recursive: true });
});

const reported = async (count: number) => {
  await until(`${count} changes`, async () => changes.length >= count);
  return changes.at(-1);
};

test("a file that is replaced by a rename is reported each time", async () => {
  const file = join(folder, "email/job.ts");
  for (const time of [1, 2, 3]) {
    await writeFile(join(folder, "email/job.ts~"), `// ${time}`);
    await rename(join(folder, "email/job.ts~"), file);
    expect(await reported(time)).toEqual([file]);
  }
  await writeFile(file, "// in its place");
  expect(await reported(4)).toEqual([file]);
});

test("a new folder is watched too, and the files in it are reported", async () => {
  const made = await mkdtemp(join(tmpdir(), "offstage-made-"));
  await mkdir(join(made, "below"));
  for (const name of ["note.md", "job.ts", "job.test.ts", "below/mail.ts"])
    await writeFile(join(made, name), "");
  await rename(made, join(folder, "greet"));
  const files = ["greet/job.ts", "greet/below/mail.ts"].map((name) => join(folder, name));
  expect(new Set(await reported(1))).toEqual(new Set(files));

  await writeFile(join(folder, "greet/below/mail.ts"), "// changed");
  expect(await reported(2)).toEqual([join(folder, "greet/below/mail.ts")]);
});

test("a mail template is reported, its compiled files are not", async () => {
  await mkdir(join(folder, "compiled"));
  for (const [index, name] of ["welcome.mjml", "welcome.txt"].entries()) {
    await writeFile(join(folder, "compiled", name), "Hello");
    await writeFile(join(folder, name), "Hello");
    expect(await reported(index + 1)).toEqual([join(folder, name)]);
  }
});
