import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sample } from "../../scripts/report-samples/contents.ts";
import { WORLD, WORLD_TITLES } from "../../scripts/report-samples/rows.ts";
import { openPdf, textOf } from "../../test/support/reports/read-pdf.ts";
import { flat, render } from "../../test/support/reports/rendered.ts";

// Reads reports with other programs. CI installs them: there, a test without its program fails instead of being
// skipped.

const world = sample({ done: 10, pending: 10, overdue: 10 }, {}, { names: WORLD, titles: WORLD_TITLES });

const lacks = (program: string): boolean =>
  !process.env["CI"] && spawnSync(program, ["--version"]).error !== undefined;

const ARABIC = ["إصلاح صفحة الدفع", "سارة الأحمد", "لأن الآن لإنجاز", "عبد الله أكبر", "فلا إلا ثلاثة"];

test("names and titles of many scripts are read by pdf.js", async () => {
  const text = flat(await textOf(await openPdf((await render(world)).bytes)));
  for (const name of ["王小明", "佐藤さくら", "김민준", "ŁucjaŻółć", "สมชาย"]) expect(text).toContain(name);
  expect(text).not.toContain("\uFFFD");
});

test("Arabic words are read by pdf.js, ligatures included", async () => {
  const arabic = sample({ done: 5, pending: 0, overdue: 0 }, {}, { titles: ARABIC });
  const text = (await textOf(await openPdf((await render(arabic)).bytes))).join("\n");
  for (const word of ARABIC.join(" ").split(" ")) expect(text).toContain(word);
});

test.skipIf(lacks("pdftotext"))("text of all directions is read in its order by Poppler", async () => {
  const titles = [...ARABIC, ...WORLD_TITLES];
  const count = titles.length;
  const text = await inspect(
    "pdftotext",
    sample({ done: count, pending: 0, overdue: 0 }, {}, { titles, names: WORLD }),
    ["-"],
  );
  const read = text.replace(/[\u202A-\u202E]/g, "");
  for (const words of [...ARABIC, ...READ_BY_POPPLER]) expect(read).toContain(words);
});

const READ_BY_POPPLER = [
  "דנה כהן",
  "תיקון עמוד התשלום",
  "अनन्या शर्मा",
  "भुगतान पृष्ठ को ठीक करें और रिपोर्ट भेजें",
  "สมชาย ใจดี",
  "แก้ไขหน้าชำระเงินให้ทำงานได้บนโทรศัพท์มือถือ",
  "Nguyễn Thị Ánh",
  "Исправить страницу",
  "修复付款页面",
];

test.skipIf(lacks("pdffonts"))("all fonts are embedded", async () => {
  const fonts = (await inspect("pdffonts", world)).trim().split("\n").slice(2);
  expect(fonts.length).toBeGreaterThan(7);
  for (const font of fonts) expect(font).toMatch(/Identity-H\s+yes yes yes/);
});

test.skipIf(lacks("qpdf"))("the file is well formed", async () => {
  expect(await inspect("qpdf", world)).toContain("No syntax or stream encoding errors");
});

const OPTIONS: Readonly<Record<string, string[]>> = { qpdf: ["--check"] };

/** What a program prints about a report. Throws if the program fails, as qpdf does after a warning. */
const inspect = async (program: string, report: typeof world, options: string[] = []): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "report-"));
  const file = join(folder, "report.pdf");
  await writeFile(file, (await render(report)).bytes);
  try {
    return execFileSync(program, [...(OPTIONS[program] ?? []), file, ...options], { encoding: "utf8" });
  } finally {
    await rm(folder, { recursive: true });
  }
};
