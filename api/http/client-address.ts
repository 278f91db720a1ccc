import { isIPv6 } from "node:net";
import type { Request } from "express";

/**
 * The client for rate limits: an IPv4 address, or the /64 network of an IPv6 address, because one customer usually
 * controls a whole /64.
 * https://www.rfc-editor.org/rfc/rfc6177
 */
export const clientOf = ({ ip = "" }: Pick<Request, "ip">): string => {
  // A dual-stack socket reports IPv4 addresses as ::ffff:a.b.c.d.
  const mapped = /^::ffff:([\d.]+)$/i.exec(ip)?.[1];
  if (mapped || !isIPv6(ip)) return mapped ?? ip;
  const [left = [], right = []] = ip.split("::").map((half) => half.split(":").filter(Boolean));
  const zeros = Array<string>(8 - left.length - right.length).fill("0");
  const groups = [...left, ...zeros, ...right].slice(0, 4).map((group) => parseInt(group, 16).toString(16));
  return `${groups.join(":")}::/64`;
};
