import { isIPv6 } from "node:net";
import type { Request } from "express";

/**
 * Whom to count a request for: an IPv4 address, or the /64 of an IPv6 one, in which one customer may choose any address.
 * https://www.rfc-editor.org/rfc/rfc6177
 */
export const clientOf = ({ ip = "" }: Pick<Request, "ip">): string => {
  // As a socket that takes both writes IPv4.
  const mapped = /^::ffff:([\d.]+)$/i.exec(ip)?.[1];
  if (mapped || !isIPv6(ip)) return mapped ?? ip;
  const [left = [], right = []] = ip.split("::").map((half) => half.split(":").filter(Boolean));
  const zeros = Array<string>(8 - left.length - right.length).fill("0");
  const groups = [...left, ...zeros, ...right].slice(0, 4).map((group) => parseInt(group, 16).toString(16));
  return `${groups.join(":")}::/64`;
};
