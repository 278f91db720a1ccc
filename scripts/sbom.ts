import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type Package, productionPackages } from "./supply/packages.ts";

// npm run sbom [-- FILE]: writes a software bill of materials (CycloneDX 1.5, JSON) of what production may install.

interface Sbom {
  bomFormat: string;
  specVersion: string;
  metadata: { component: { "bom-ref": string; name: string } };
  components: { "bom-ref": string; name: string; version: string; purl: string; hashes?: unknown[] }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/**
 * Of npm's SBOM of all packages, those of production. With `--omit=dev`, npm 11 also leaves out packages that
 * development tools need as well.
 * @throws Error if npm's SBOM lacks one of the packages
 */
const limitTo = (packages: readonly Package[], sbom: Sbom): Sbom => {
  const known = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  const components = sbom.components.filter(({ name, version }) => known.has(`${name}@${version}`));
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const missing = [...known].filter((each) => !listed.has(each));
  if (missing.length > 0) throw new Error(`npm's SBOM lacks ${missing.join(", ")}`);
  const main = sbom.metadata.component;
  const refs = new Set([main["bom-ref"], ...components.map((component) => component["bom-ref"])]);
  const dependencies = sbom.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) }));
  return {
    ...sbom,
    metadata: { ...sbom.metadata, component: { ...main, name: "offstage" } },
    components,
    dependencies,
  };
};

export const createSbom = async (root: string): Promise<Sbom> => {
  const { stdout } = await promisify(execFile)(
    "npm",
    ["sbom", "--sbom-format=cyclonedx", "--package-lock-only"],
    { cwd: root, maxBuffer: 1 << 26 },
  );
  return limitTo(await productionPackages(join(root, "package-lock.json")), JSON.parse(stdout) as Sbom);
};

if (process.argv[1] === import.meta.filename) {
  const root = join(import.meta.dirname, "..");
  const file = process.argv[2] ?? join(root, ".data/sbom.cdx.json");
  const sbom = await createSbom(root);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(sbom, null, 2)}\n`);
  console.log(`${file}: ${sbom.components.length} components, CycloneDX ${sbom.specVersion}`);
}
