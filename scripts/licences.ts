import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { type Package, productionPackages } from "./supply/packages.ts";

// npm run licences: writes docs/security/licences.md. Fails for a licence that is unknown or not allowed.

const root = join(import.meta.dirname, "..");
const file = join(root, "docs/security/licences.md");

/** The licences that packages of production may have, and what they ask for. */
const ALLOWED: Readonly<Record<string, string>> = {
  "0BSD": "Asks for nothing.",
  "Apache-2.0": "Keep the licence and the NOTICE file.",
  "BlueOak-1.0.0": "Keep the licence.",
  "BSD-2-Clause": "Keep the licence.",
  "BSD-3-Clause": "Keep the licence.",
  ISC: "Keep the licence.",
  MIT: "Keep the licence.",
  "MIT-0": "Asks for nothing.",
  Unlicense: "Asks for nothing.",
  "OFL-1.1":
    "Fonts. Keep the licence; do not sell the fonts alone. Reports embed parts of them, which it permits.",
  "MPL-2.0": "Changes of its own files must be published. We change none.",
  "LGPL-2.1": "A separate program or library that its user can replace. We change none.",
  "LGPL-3.0":
    "libheif as WebAssembly: a file of its own, loaded at run time, which its user can replace. We change none.",
  "LGPL-3.0-or-later": "libvips: a shared library, which its user can replace. We change none.",
  "GPL-3.0":
    "ffmpeg and ffprobe for machines without one: programs of their own, which ours starts. Optional, and not in the images.",
};

/** Packages whose package.json names no SPDX licence: as in their licence files, and as ffmpeg's other builds. */
const READ: Readonly<Record<string, string>> = {
  "@ffmpeg-installer/darwin-arm64": "GPL-3.0",
  limiter: "MIT",
  "png-js": "MIT",
};
const SPDX: Readonly<Record<string, string>> = { GPLv3: "GPL-3.0", "MPL 2.0": "MPL-2.0" };

const licenceOf = ({ name, license = "" }: Package): string => READ[name] ?? SPDX[license] ?? license;

/** Whether each part of an AND, or one part of an OR, is allowed. */
export const isAllowed = (expression: string): boolean => {
  const parts = expression.replace(/^\((.*)\)$/, "$1");
  if (parts.includes(" OR ")) return parts.split(" OR ").some(isAllowed);
  return parts.split(" AND ").every((licence) => Object.hasOwn(ALLOWED, licence));
};

/** The document. @throws Error that names each package whose licence is unknown or not allowed */
export const describeLicences = async (packages: readonly Package[]): Promise<string> => {
  const refused = packages.filter((each) => !isAllowed(licenceOf(each)));
  if (refused.length > 0)
    throw new Error(
      `licences to decide on: ${refused.map((each) => `${each.name} (${licenceOf(each) || "none"})`).join(", ")}`,
    );
  const groups = [...Map.groupBy(packages, licenceOf)].toSorted(
    ([one, { length: few }], [other, { length: many }]) => many - few || (one < other ? -1 : 1),
  );
  const rows = groups.map(
    ([licence, those]) =>
      `## ${licence} (${those.length})\n\n${those.map(({ name, version }) => `${name} ${version}`).join(", ")}`,
  );
  const rules = Object.entries(ALLOWED).map(([licence, duty]) => `| ${licence} | ${duty} |`);
  const text = [
    "# Licences",
    `Of the ${packages.length} packages that production may install, on any platform. Written by \`npm run licences\`, which fails for a licence that is not in this table. Development tools are not listed.`,
    ["| Licence | What it asks for |", "| --- | --- |", ...rules].join("\n"),
    ...rows,
  ].join("\n\n");
  return format(text, { ...(await resolveConfig(file)), parser: "markdown" });
};

export const currentLicences = async (): Promise<string> =>
  describeLicences(await productionPackages(join(root, "package-lock.json")));

if (process.argv[1] === import.meta.filename) await writeFile(file, await currentLicences());
