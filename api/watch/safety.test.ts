import { expect, test } from "vitest";
import { Problem } from "../http/problem.ts";
import { createSafety } from "./safety.ts";

const PUBLIC_URL = "https://app.example:8443/base";
const own = { host: "app.example:8443", "sec-fetch-site": "same-origin", "x-watch": "1" };

/** The name of the problem, or undefined if the check passes. */
const problemOf = (check: () => void): string | undefined => {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.problem;
    throw error;
  }
};

test.each([
  "app.example:8443",
  "app.example", // a proxy may have changed the port
  "APP.example",
  "localhost:3000",
  "127.0.0.1:3000",
  "127.9.8.7",
  "[::1]:3000",
])("the host %s is ours", (host) => {
  const { requireOwnHost } = createSafety(PUBLIC_URL);
  expect(problemOf(() => requireOwnHost({ headers: { host } }))).toBeUndefined();
});

test.each([
  "evil.example:8443",
  "app.example.evil.example",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "app.example@evil.example",
  "192.168.1.2:3000",
  "0.0.0.0:3000",
  "[::2]:3000",
  "not a host",
  "",
])("the host %j is refused", (host) => {
  const { requireOwnHost, requireOwnPage, requireOwnScript } = createSafety(PUBLIC_URL);
  for (const check of [requireOwnHost, requireOwnPage, requireOwnScript])
    expect(problemOf(() => check({ headers: { ...own, host } }))).toBe("forbidden-host");
});

test("a request without a Host is refused", () => {
  expect(problemOf(() => createSafety(PUBLIC_URL).requireOwnHost({ headers: {} }))).toBe("forbidden-host");
});

test.each(["cross-site", "same-site", "none", undefined])(
  "a request from another page is refused: Sec-Fetch-Site %s",
  (site) => {
    const { requireOwnPage, requireOwnScript } = createSafety(PUBLIC_URL);
    const { "sec-fetch-site": _, ...rest } = own;
    const headers = site === undefined ? rest : { ...rest, "sec-fetch-site": site };
    expect(problemOf(() => requireOwnPage({ headers }))).toBe("cross-site");
    expect(problemOf(() => requireOwnScript({ headers }))).toBe("cross-site");
  },
);

test("a navigation of our page has no X-Watch header, which a script must send", () => {
  const { requireOwnPage, requireOwnScript } = createSafety(PUBLIC_URL);
  const { "x-watch": _, ...headers } = own;
  expect(problemOf(() => requireOwnPage({ headers }))).toBeUndefined();
  expect(problemOf(() => requireOwnScript({ headers }))).toBe("cross-site");
  expect(problemOf(() => requireOwnScript({ headers: { ...headers, "x-watch": "2" } }))).toBe("cross-site");
  expect(problemOf(() => requireOwnScript({ headers: own }))).toBeUndefined();
});

test("one act per second may break something", () => {
  let now = 5;
  const { takeTurn } = createSafety(PUBLIC_URL, () => now);
  const attempts = [0, 1, 999, 1_000, 1_001, 2_000].map((at) => {
    now = 5 + at;
    return problemOf(takeTurn);
  });
  const refused = "too-many-requests";
  expect(attempts).toEqual([undefined, refused, refused, undefined, refused, undefined]);
});
