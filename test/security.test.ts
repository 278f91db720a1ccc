import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const text = await readFile(join(root, "docs/security/asvs.md"), "utf8");

/** The levels of each section's requirements in order, as digits. Those of level 3 come last and are left out. */
const { sections } = JSON.parse(
  await readFile(join(root, "test/support/security/asvs-5.0.0.json"), "utf8"),
) as { sections: Record<string, string> };

const required = Object.entries(sections).flatMap(([section, levels]) =>
  Array.from(levels, (level, index) => ({ id: `${section}.${index + 1}`, level })),
);

/** The cells of the rows that begin with the number of a requirement. */
const rows = [...text.matchAll(/^\| +(\d[\d. ]*\d) +\| (.+) \|$/gm)].map(([, ids = "", rest = ""]) => ({
  ids: ids.split(" "),
  cells: rest.split(" | ").map((cell) => cell.trim()),
}));
const applicable = rows.filter(({ cells }) => cells.length === 5);
const others = rows.filter(({ cells }) => cells.length === 2);

test("the requirements of levels 1 and 2 are those of the standard", () => {
  const count = (level: string) => required.filter((each) => each.level === level).length;
  expect([count("1"), count("2")]).toEqual([70, 183]);
});

test("each requirement of levels 1 and 2 is in the document once, with its level", () => {
  expect(applicable.length + others.length).toBe(rows.length);
  const listed = rows.flatMap(({ ids, cells: [level = ""] }) => ids.map((id) => ({ id, level })));
  const sorted = (all: { id: string; level: string }[]) =>
    all.map(({ id, level }) => `${id} (${level})`).toSorted();
  expect(sorted(listed)).toEqual(sorted(required));
});

test("each requirement that applies has a verdict, an explanation and evidence that exists", () => {
  for (const { ids, cells } of applicable) {
    const [, , verdict = "", how = "", evidence = ""] = cells;
    expect([ids, verdict]).toEqual([ids, expect.stringMatching(/^(met|partly|not met)$/)]);
    expect([ids, how]).toEqual([ids, expect.stringMatching(/\w/)]);
    const paths = [...evidence.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, path = ""]) => path);
    expect([ids, paths.length]).not.toEqual([ids, 0]);
    for (const path of paths)
      expect([ids, path, existsSync(join(root, "docs/security", path))]).toEqual([ids, path, true]);
  }
});

test("the summary counts the rows", () => {
  const count = (verdict: string) => applicable.filter(({ cells }) => cells[2] === verdict).length;
  const inapplicable = others.flatMap(({ ids }) => ids).length;
  expect(text.replaceAll(/\s+/g, " ")).toContain(
    `Of ${required.length} requirements of levels 1 and 2, ${inapplicable} cannot apply. ` +
      `Of the ${applicable.length} others, ${count("met")} are met, ${count("partly")} partly, ${count("not met")} not.`,
  );
});
