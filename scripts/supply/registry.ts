/** A reference such as `postgres:18` or `quay.io/prometheus/prometheus:v3`, with the digest that may follow. */
const REFERENCE =
  /^(?:([\w-]+(?:\.[\w.-]+|:\d+)[^/]*|localhost(?::\d+)?)\/)?([a-z\d._/-]+):([\w.-]+)(?:@(sha256:[\da-f]{64}))?$/;

export interface Reference {
  registry: string;
  repository: string;
  tag: string;
}

/** The parts of a reference with a tag; undefined for a build stage or an image of this project. */
export const parseReference = (text: string): Reference | undefined => {
  const [, registry, name = "", tag = ""] = REFERENCE.exec(text) ?? [];
  if (!name) return undefined;
  if (registry) return { registry, repository: name, tag };
  return { registry: "registry-1.docker.io", repository: name.includes("/") ? name : `library/${name}`, tag };
};

/** An index of images for several platforms, or one image. */
const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/**
 * The digest to which a registry resolves a tag now, for all platforms. `origin` is the registry's URL.
 * https://distribution.github.io/distribution/spec/api/
 * @throws Error if the registry does not know the tag or does not say
 */
export const resolveDigest = async (
  { registry, repository, tag }: Reference,
  origin = `https://${registry}`,
): Promise<string> => {
  const url = `${origin}/v2/${repository}/manifests/${tag}`;
  const ask = (authorization?: string) =>
    fetch(url, {
      method: "HEAD",
      headers: { Accept: ACCEPT, ...(authorization && { Authorization: authorization }) },
      signal: AbortSignal.timeout(30_000),
    });
  let response = await ask();
  const challenge = response.headers.get("www-authenticate");
  if (response.status === 401 && challenge) response = await ask(`Bearer ${await anonymousToken(challenge)}`);
  const digest = response.headers.get("docker-content-digest") ?? "";
  if (!response.ok || !/^sha256:[\da-f]{64}$/.test(digest))
    throw new Error(`${repository}:${tag}: ${registry} responded with ${response.status} and no digest`);
  return digest;
};

/** https://distribution.github.io/distribution/spec/auth/token/ */
const anonymousToken = async (challenge: string): Promise<string> => {
  const fields = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
  const url = new URL(fields.get("realm") ?? "");
  for (const name of ["service", "scope"]) url.searchParams.set(name, fields.get(name) ?? "");
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  const { token } = (await response.json()) as { token?: string };
  if (!token) throw new Error(`${url.host} gave no token`);
  return token;
};
