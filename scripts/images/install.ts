// node scripts/images/install.ts api|worker: installs the packages of a production image in the current folder, then
// removes the files that its program never loads. Changes package.json. For the Dockerfile.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ffmpegPackages, type Image, isUnused, leftOut } from "./contents.ts";

type Packages = Record<string, string>;

const [image = ""] = process.argv.slice(2);
if (!isImage(image)) throw new TypeError("the image must be api or worker");

const { devDependencies: _, ...manifest } = JSON.parse(readFileSync("package.json", "utf8")) as {
  dependencies: Packages;
  optionalDependencies: Packages;
  devDependencies: Packages;
};
const without = new Set([...leftOut[image], ...ffmpegPackages]);
const keep = (packages: Packages): Packages =>
  Object.fromEntries(Object.entries(packages).filter(([name]) => !without.has(name)));
writeFileSync(
  "package.json",
  JSON.stringify({
    ...manifest,
    dependencies: keep(manifest.dependencies),
    optionalDependencies: keep(manifest.optionalDependencies),
  }),
);
// The versions of package-lock.json. Without devDependencies in package.json, npm also omits Prisma's CLI, an optional
// peer of its client.
execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { stdio: "inherit" });

for (const entry of readdirSync("node_modules", { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && isUnused(inPackages(path))) rmSync(path);
}

/** Relative to the innermost node_modules: a package may contain another one. */
function inPackages(path: string): string {
  return relative("node_modules", path).split("node_modules/").at(-1) ?? path;
}

function isImage(name: string): name is Image {
  return name in leftOut;
}
