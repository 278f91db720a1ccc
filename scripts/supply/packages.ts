import { readFile } from "node:fs/promises";

interface Entry {
  version?: string;
  link?: true;
  license?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

export interface Package {
  name: string;
  version: string;
  license: string | undefined;
}

/**
 * The packages that production may install, on any platform, sorted by name: what the dependencies of package.json
 * need. Without optional peers, of which npm would install Prisma's CLI.
 */
export const productionPackages = async (lockfile: string): Promise<Package[]> => {
  const { packages } = JSON.parse(await readFile(lockfile, "utf8")) as { packages: Record<string, Entry> };
  const found = new Map<string, Package>();
  const add = (from: string, name: string) => {
    const path = locate(packages, from, name);
    if (path === undefined || found.has(path)) return;
    const { version = "", license } = packages[path] ?? {};
    found.set(path, { name, version, license });
    for (const each of needs(packages[path] ?? {})) add(path, each);
  };
  for (const name of needs(packages[""] ?? {})) add("", name);
  const byName = new Map([...found.values()].map((each) => [`${each.name}@${each.version}`, each]));
  return [...byName.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, each]) => each);
};

const needs = ({
  dependencies,
  optionalDependencies,
  peerDependencies,
  peerDependenciesMeta = {},
}: Entry) => [
  ...Object.keys({ ...dependencies, ...optionalDependencies }),
  ...Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta[name]?.optional),
];

/** Where Node finds a package: in the nearest node_modules. */
const locate = (packages: Record<string, Entry>, from: string, name: string): string | undefined => {
  const folders = from
    .split("/node_modules/")
    .map((_, index, all) => all.slice(0, index + 1).join("/node_modules/"));
  return [
    ...folders.toReversed().map((folder) => `${folder}/node_modules/${name}`),
    `node_modules/${name}`,
  ].find((path) => path in packages);
};
