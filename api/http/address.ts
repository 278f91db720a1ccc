import { domainToASCII, domainToUnicode } from "node:url";

/** An email address in its two forms. */
export interface Address {
  /** Lower case, with the domain in ASCII: stored, compared and mailed. */
  email: string;
  /** Lower case, with the domain in Unicode if it was typed so. */
  shown: string;
}

/**
 * Reads an address as RFC 5321 defines it, without quoted local parts, comments and address literals. The domain may be
 * internationalised (UTS 46). It needs two labels, and its last one is not a number: docs/decisions/0016. Returns the
 * reason, in words for the user, if the address cannot be used.
 */
export const parseAddress = (typed: string): Address | { problem: string } => {
  const at = typed.lastIndexOf("@");
  const [local, domain] = [typed.slice(0, at), typed.slice(at + 1)];
  if (at < 1) return INVALID;
  if (NON_ASCII.test(local)) return UNSUPPORTED;
  if (local.length > 64) return { problem: "Use at most 64 characters before the @." }; // RFC 5321, 4.5.3.1.1
  const ascii = toAscii(domain);
  if (!DOT_ATOM.test(local) || !HOST.test(ascii)) return INVALID;
  const email = `${local.toLowerCase()}@${ascii}`;
  if (email.length > 254) return { problem: "Use at most 254 characters." }; // RFC 5321, erratum 1690
  return {
    email,
    shown: NON_ASCII.test(domain) ? `${local.toLowerCase()}@${domainToUnicode(ascii)}` : email,
  };
};

const INVALID = { problem: "Enter a valid email address." };
const UNSUPPORTED = {
  problem: "Letters such as ö before the @ are not supported. Use an address without them.",
};

const NON_ASCII = /\P{ASCII}/u;

/** RFC 5322, 3.2.3. */
const DOT_ATOM = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;

/** Mail software reads a domain that ends in a number, also in a hexadecimal one, as an IP address. */
const HOST =
  /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+(?!\d+$|0x[\da-f]*$)[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;

/** Empty if the domain cannot be converted. Only Unicode ones are: UTS 46 refuses some names that RFC 5321 allows. */
const toAscii = (domain: string): string => {
  if (!NON_ASCII.test(domain)) return domain.toLowerCase();
  // domainToASCII parses a URL's host: it stops at signs such as / and decodes percent signs.
  return CONVERTIBLE.test(domain) ? domainToASCII(domain) : "";
};

const CONVERTIBLE = /^(?:[A-Za-z\d.-]|\P{ASCII})+$/u;
