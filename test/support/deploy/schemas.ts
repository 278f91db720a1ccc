import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Manifest } from "./manifests.ts";

// The npm packages have the OpenAPI schemas of Kubernetes and of the CRDs in two forms: validators, which know patterns
// and ranges but let unknown fields pass, as the schemas do; and types, with which the compiler finds unknown fields.

const packages: Record<string, string> = {
  "external-secrets.io": "@kubernetes-models/external-secrets/",
  "gateway.networking.k8s.io": "@kubernetes-models/gateway-api/",
  "keda.sh": "@kubernetes-models/keda/",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator/",
};

const moduleOf = ({ apiVersion, kind }: Manifest) =>
  `${packages[apiVersion.split("/")[0] ?? ""] ?? "kubernetes-models/"}${apiVersion}/${kind}`;

type Model = new (manifest: Manifest) => { validate(): void };

/** Why these manifests would be refused, one line for each reason. */
export const refusals = async (manifests: readonly Manifest[]): Promise<string[]> => {
  const values = await Promise.all(manifests.map(wrongValues));
  return [...values.flat(), ...(await wrongFields(manifests))];
};

const wrongValues = async (manifest: Manifest): Promise<string[]> => {
  try {
    const { [manifest.kind]: Kind } = (await import(moduleOf(manifest))) as Record<string, Model>;
    new Kind!(manifest).validate();
    return [];
  } catch (error) {
    return [`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`];
  }
};

/** Compiles each manifest as a literal of its type. */
const wrongFields = async (manifests: readonly Manifest[]): Promise<string[]> => {
  const root = join(import.meta.dirname, "../../..");
  const folder = await mkdtemp(join(tmpdir(), "offstage-manifests-"));
  try {
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    const types = manifests.map((each) => `import("${moduleOf(each)}").I${each.kind}`);
    const source = manifests.map((each, n) => `export const m${n}: ${types[n]} = ${JSON.stringify(each)};`);
    await writeFile(join(folder, "manifests.mts"), source.join("\n"));
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2024"];
    const output = await compile(join(root, "node_modules/.bin/tsc"), [...options, "manifests.mts"], folder);
    return output.split("\n").filter((line) => line.includes("error TS"));
  } finally {
    await rm(folder, { recursive: true });
  }
};

const compile = (compiler: string, args: string[], cwd: string): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(compiler, args, { cwd }, (error, stdout, stderr) => {
      if (error && !stdout.includes("error TS"))
        reject(new Error(`tsc: ${stdout}${stderr}`, { cause: error }));
      else resolve(stdout);
    });
  });
