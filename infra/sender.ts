import { domainToASCII } from "node:url";

/** The sender of a mail. The address and its domain are ASCII, in the form in which they are sent. */
export interface Sender {
  readonly name: string;
  readonly address: string;
  readonly domain: string;
}

/** A name without quotes may have no character that could separate addresses or begin a group (RFC 5322, 3.4). */
const NAMED = /^(?<name>"(?:[^"\\]|\\.)*"|[^"\\<>@:;]*?)\s*<(?<address>[^<>]*)>$/;
const ADDRESS = /^(?<local>[^\s"(),:;<>@[\\\]]+)@(?<domain>[^\s"#%(),/:;<>?@[\\\]]+)$/;
/** A dot-atom (RFC 5322, 3.2.3) of at most 64 characters (RFC 5321, 4.5.3.1.1). */
const LOCAL = /^(?=.{1,64}$)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
/** Labels of RFC 1035, 2.3.4, at least two. */
const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/**
 * Reads exactly one address, `hello@example.com` or `Name <hello@example.com>`, and converts its domain to ASCII.
 * Stricter than nodemailer's parser, which makes an address out of almost any text.
 * @throws TypeError that says what is wrong, without the value
 */
export const parseSender = (text: string): Sender => {
  const value = text.trim();
  const named = NAMED.exec(value)?.groups;
  const parts = ADDRESS.exec(named?.["address"] ?? value)?.groups;
  if (!parts || /\p{Cc}/u.test(value))
    throw new TypeError(
      "must be one address, like hello@example.com or Name <hello@example.com>, and a name with @ : ; or quotes in quotes",
    );
  const { local = "", domain: written = "" } = parts;
  if (!LOCAL.test(local))
    throw new TypeError(
      "must have only ASCII letters, digits, single dots and !#$%&'*+/=?^_`{|}~- before its @",
    );
  const domain = domainToASCII(written);
  if (!DOMAIN.test(domain)) throw new TypeError("must have a complete domain after its @, like example.com");
  return { name: unquote(named?.["name"] ?? ""), address: `${local}@${domain}`, domain };
};

const unquote = (name: string) =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll(/\\(.)/g, "$1") : name;
