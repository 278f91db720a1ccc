import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { currentLicences, describeLicences, isAllowed } from "../scripts/licences.ts";
import { imagesOf, pin } from "../scripts/pin-images.ts";
import { createSbom } from "../scripts/sbom.ts";
import { productionPackages } from "../scripts/supply/packages.ts";
import { parseReference, resolveDigest } from "../scripts/supply/registry.ts";

const root = join(import.meta.dirname, "..");
const packages = await productionPackages(join(root, "package-lock.json"));

test("the list of licences is current", async () => {
  expect(await readFile(join(root, "docs/security/licences.md"), "utf8")).toBe(await currentLicences());
});

test.each([
  ["MIT", true],
  ["(MIT OR AGPL-3.0)", true],
  ["MIT AND AGPL-3.0", false],
  ["SSPL-1.0", false],
  ["", false],
])("the licence %j is allowed: %s", (licence, allowed) => {
  expect(isAllowed(licence)).toBe(allowed);
});

test("a package with an unknown licence is named", async () => {
  const unknown = { name: "left-pad", version: "1.0.0", license: undefined };
  await expect(describeLicences([unknown])).rejects.toThrow("left-pad (none)");
});

test("the SBOM lists each package of production once, with its checksum", async () => {
  const sbom = await createSbom(root);
  expect(sbom).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.5" });
  const listed = sbom.components.map(({ name, version }) => `${name}@${version}`).toSorted();
  expect(listed).toEqual(packages.map(({ name, version }) => `${name}@${version}`).toSorted());
  expect(sbom.components.filter(({ hashes = [] }) => hashes.length === 0)).toEqual([]);
  const refs = new Set(sbom.components.map((component) => component["bom-ref"]));
  expect(sbom.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.has(ref))).toEqual([]);
});

test("packages of production include what its packages need, and no development tool", () => {
  const names = packages.map(({ name }) => name);
  expect(names).toContain("express");
  expect(names).toContain("qs"); // of express
  expect(names).toContain("@img/sharp-libvips-linux-x64");
  for (const tool of ["vitest", "prisma", "typescript"]) expect(names).not.toContain(tool);
});

test.each([
  ["node:24-slim", "registry-1.docker.io", "library/node"],
  ["versity/versitygw:v1.8.0", "registry-1.docker.io", "versity/versitygw"],
  ["quay.io/prometheus/prometheus:v3", "quay.io", "prometheus/prometheus"],
  ["localhost:5000/a:1", "localhost:5000", "a"],
])("%s is in %s", (text, registry, repository) => {
  expect(parseReference(text)).toMatchObject({ registry, repository });
});

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

test("images are pinned to what their tags are now, also when they were pinned before", async () => {
  const text = [
    `FROM --platform=linux/amd64 node:24-slim@${digest("0")} AS base`,
    "FROM base AS app",
    "FROM scratch",
    "    image: redis:8 # the broker",
    "  image: offstage",
  ].join("\n");
  expect(imagesOf(text)).toEqual([`node:24-slim@${digest("0")}`, "redis:8"]);
  const pinned = await pin(text, async ({ repository }) => digest(repository === "library/node" ? "a" : "b"));
  expect(pinned).toBe(text.replace(digest("0"), digest("a")).replace("redis:8", `redis:8@${digest("b")}`));
});

test("the digest of a tag comes from the registry, with an anonymous token", async () => {
  const asked: unknown[] = [];
  await using registry = await listen((url, authorization): Answer => {
    asked.push([url, authorization]);
    if (url.startsWith("/token")) return { body: JSON.stringify({ token: "anonymous" }) };
    const challenge = `Bearer realm="${registry.origin}/token",service="registry",scope="repository:library/node:pull"`;
    if (authorization !== "Bearer anonymous")
      return { status: 401, headers: { "WWW-Authenticate": challenge } };
    return url.endsWith("/24-slim") ? { headers: { "Docker-Content-Digest": digest("c") } } : { status: 404 };
  });
  const reference = { registry: "registry.test", repository: "library/node", tag: "24-slim" };
  expect(await resolveDigest(reference, registry.origin)).toBe(digest("c"));
  expect(asked).toEqual([
    ["/v2/library/node/manifests/24-slim", undefined],
    ["/token?service=registry&scope=repository%3Alibrary%2Fnode%3Apull", undefined],
    ["/v2/library/node/manifests/24-slim", "Bearer anonymous"],
  ]);
  await expect(resolveDigest({ ...reference, tag: "none" }, registry.origin)).rejects.toThrow(
    "404 and no digest",
  );
});

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

const listen = async (answer: (url: string, authorization: string | undefined) => Answer) => {
  const server = createServer((request, response) => {
    const { status = 200, headers = {}, body } = answer(request.url ?? "", request.headers.authorization);
    response.writeHead(status, headers).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => new Promise<void>((done) => void server.close(() => done()));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await close();
    },
  };
};
