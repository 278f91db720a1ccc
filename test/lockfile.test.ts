import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";

interface Entry {
  version?: string;
  link?: true;
  resolved?: string;
  integrity?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const { packages } = JSON.parse(await readFile("package-lock.json", "utf8")) as {
  packages: Record<string, Entry>;
};
const entries = Object.entries(packages);

it("every package in package.json is pinned to one version", () => {
  const { dependencies, devDependencies, optionalDependencies } = packages[""]!;
  const named = { ...dependencies, ...devDependencies, ...optionalDependencies };
  const unpinned = Object.entries(named).filter(([, version]) => !/^(\d+\.\d+\.\d+|file:)/.test(version));
  expect(unpinned).toEqual([]);
});

// A registry mirror may lack the build for another platform. npm then omits it, and `npm ci` fails there.
it("no package lacks its builds for other platforms", () => {
  const missingBuilds = entries.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isLocked(path, name))
      .map((name) => `${path} lacks ${name}`),
  );
  expect(missingBuilds).toEqual([]);
});

it("every package has a checksum, and no fixed registry", () => {
  const fetched = entries.filter(([path, { link }]) => path.startsWith("node_modules/") && !link);
  expect(fetched.filter(([, { integrity }]) => !integrity).map(([path]) => path)).toEqual([]);
  expect(fetched.filter(([, { resolved }]) => resolved).map(([path]) => path)).toEqual([]);
});

/** Looks where Node would: in the package's node_modules, then in those of its parent packages. */
const isLocked = (path: string, name: string): boolean => {
  if (packages[`${path ? `${path}/` : ""}node_modules/${name}`]) return true;
  return path !== "" && isLocked(path.slice(0, Math.max(0, path.lastIndexOf("/node_modules/"))), name);
};
