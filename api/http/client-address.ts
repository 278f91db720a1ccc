import { isIP, isIPv6 } from "node:net";
import type { Request } from "express";

/** One client for everything that is not an address, so that invented text is not a new client each time. */
const UNKNOWN = "unknown";

/**
 * The client for rate limits: an IPv4 address, or the /64 network of an IPv6 address, because one customer usually
 * controls a whole /64.
 * https://www.rfc-editor.org/rfc/rfc6177
 */
export const clientOf = ({ ip = "" }: Pick<Request, "ip">): string => {
  const address = addressIn(ip);
  if (!isIPv6(address)) return address;
  // The URL parser writes every form of an address in the same way: lower case, without leading zeros.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  return mappedIPv4(canonical) ?? networkOf(canonical);
};

/** Gateways may add a port, with IPv6 addresses in brackets. A link-local address may have a zone: fe80::1%eth0. */
const addressIn = (text: string): string =>
  [text, text.replace(/:\d+$/, "")]
    .map((each) => each.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, ""))
    .find((each) => isIP(each) !== 0) ?? UNKNOWN;

/** A dual-stack socket reports IPv4 addresses as ::ffff:a.b.c.d, here as two groups of hexadecimal digits. */
const mappedIPv4 = (ipv6: string): string | undefined => {
  const [, ...groups] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(ipv6) ?? [];
  const bytes = groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]);
  return bytes.length > 0 ? bytes.join(".") : undefined;
};

const networkOf = (ipv6: string): string => {
  const [left = [], right = []] = ipv6.split("::").map((half) => half.split(":").filter(Boolean));
  const zeros = Array<string>(8 - left.length - right.length).fill("0");
  return `${[...left, ...zeros, ...right].slice(0, 4).join(":")}::/64`;
};
