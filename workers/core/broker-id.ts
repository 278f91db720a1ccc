import { createHash } from "node:crypto";
import { isRedisUrl, parseRedisUrl } from "./redis-url.ts";

/**
 * What tells one broker from another: the kind, and a hash of the address without credentials. All processes of a system
 * must reach a broker under the same address: otherwise they take it for several brokers, and publish more slowly.
 */
export const brokerIdentity = (url: string, prefix: string): string => {
  const [kind, address] = isRedisUrl(url) ? ["redis", redisAddress(url)] : ["postgres", postgresAddress(url)];
  const place = createHash("sha256").update(JSON.stringify([...address, prefix]));
  return `${kind}-${place.digest("hex").slice(0, 8)}`;
};

const redisAddress = (url: string): string[] => {
  const address = parseRedisUrl(url);
  const nodes = address.nodes.map(({ host, port }) => `${host}:${port}`).toSorted();
  if (address.kind === "sentinel") return [address.master, `${address.db}`, ...nodes];
  return address.kind === "cluster" ? nodes : [URL.parse(url)?.pathname.slice(1) || "0", ...nodes];
};

const postgresAddress = (url: string): string[] => {
  const { hostname = "", port = "", pathname = "", searchParams } = URL.parse(url) ?? {};
  return [searchParams?.get("host") ?? hostname, port || "5432", pathname];
};
