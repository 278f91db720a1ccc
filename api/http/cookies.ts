import type { CookieOptions, Request, Response } from "express";

/** The form of every value that we set. */
const TOKEN = /^[\w-]{43}$/;

/**
 * Cookies contain only tokens. Over https their names start with `__Host-`, so that browsers accept them only from this
 * host and only over TLS:
 * https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
 */
export const createCookies = (publicUrl: string) => {
  const secure = publicUrl.startsWith("https:");
  const fullName = (name: string) => (secure ? `__Host-${name}` : name);
  const options: CookieOptions = { httpOnly: true, secure, sameSite: "lax", path: "/" };
  return {
    get: ({ headers }: Request, name: string): string | undefined =>
      headers.cookie
        ?.split(/; */)
        .filter((pair) => pair.startsWith(`${fullName(name)}=`))
        .map((pair) => pair.slice(fullName(name).length + 1))
        .find((value) => TOKEN.test(value)),
    set: (response: Response, name: string, value: string, maxAge: number): void =>
      void response.cookie(fullName(name), value, { ...options, maxAge }),
    clear: (response: Response, name: string): void => void response.clearCookie(fullName(name), options),
  };
};
