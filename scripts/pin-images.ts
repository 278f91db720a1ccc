import { globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseReference, type Reference, resolveDigest } from "./supply/registry.ts";

// npm run pin-images [-- --check]: pins the images of the Dockerfile and the compose files to the digests that their
// tags have now, for all platforms. With --check, fails if an image is not pinned. Needs the registries.

/** The lines that name an image: of a Dockerfile, or of a compose file. */
const IMAGE = /^(FROM (?:--\S+ )*|\s*image: *["']?)([^\s"'#]+)/gim;

/** The images that a file takes from a registry, as they are written. */
export const imagesOf = (text: string): string[] =>
  [...text.matchAll(IMAGE)].flatMap(([, , name = ""]) => (parseReference(name) ? [name] : []));

/** The text with a digest behind each image's tag. */
export const pin = async (
  text: string,
  resolve: (reference: Reference) => Promise<string>,
): Promise<string> => {
  const digests = new Map<string, string>();
  for (const name of imagesOf(text)) {
    const reference = parseReference(name);
    if (reference) digests.set(name, `${withoutDigest(name)}@${await resolve(reference)}`);
  }
  return text.replaceAll(
    IMAGE,
    (_line, before: string, name: string) => before + (digests.get(name) ?? name),
  );
};

const withoutDigest = (name: string) => name.split("@")[0] ?? name;

if (process.argv[1] === import.meta.filename) {
  const root = join(import.meta.dirname, "..");
  const isCheck = process.argv.includes("--check");
  for (const name of globSync(["Dockerfile*", "{docker-,}compose*.y{,a}ml"], { cwd: root })) {
    const text = await readFile(join(root, name), "utf8");
    const open = imagesOf(text).filter((image) => !image.includes("@sha256:"));
    if (isCheck && open.length > 0) {
      console.error(`${name}: not pinned: ${open.join(", ")}`);
      process.exitCode = 1;
    }
    if (isCheck) continue;
    const pinned = await pin(text, resolveDigest);
    await writeFile(join(root, name), pinned);
    console.log(`${name}: ${imagesOf(pinned).join(", ")}`);
  }
}
