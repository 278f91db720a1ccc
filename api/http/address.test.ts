import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAddress } from "./address.ts";

const emailOf = (typed: string) => {
  const parsed = parseAddress(typed);
  return "problem" in parsed ? parsed.problem : parsed.email;
};

const INVALID = "Enter a valid email address.";
const ALPHANUMERIC = Array.from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789");
const ATEXT = Array.from("!#$%&'*+-/=?^_`{|}~").concat(ALPHANUMERIC);

const from = (characters: readonly string[], minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });

const local = fc
  .array(from(ATEXT, 1, 20), { minLength: 1, maxLength: 5 })
  .map((atoms) => atoms.join("."))
  .filter(({ length }) => length <= 64);

const label = fc
  .tuple(from(ALPHANUMERIC, 1, 1), from([...ALPHANUMERIC, "-"], 0, 61), from(ALPHANUMERIC, 1, 1))
  .map(([first, middle, last]) => first + middle + last);
const labels = fc.oneof(from(ALPHANUMERIC, 1, 1), label);
const topLabel = fc.oneof(
  from(Array.from("abcxyzABCXYZ"), 1, 63),
  labels.map((each) => `x${each}`.slice(0, 62)),
  fc.constantFrom("museum", "xn--p1ai"),
);
const domain = fc
  .tuple(fc.array(labels, { minLength: 1, maxLength: 5 }), topLabel)
  .filter(([, top]) => !top.endsWith("-"))
  .map(([lower, top]) => [...lower, top].join("."));
const address = fc
  .tuple(local, domain)
  .filter(([left, right]) => left.length + right.length + 1 <= 254)
  .map(([left, right]) => ({ local: left, domain: right }));

describe("any dot-atom at any domain", () => {
  test("is an address, in lower case", () => {
    fc.assert(
      fc.property(address, ({ local, domain }) => {
        const typed = `${local}@${domain}`;
        expect(parseAddress(typed)).toEqual({ email: typed.toLowerCase(), shown: typed.toLowerCase() });
      }),
    );
  });

  const broken: [what: string, change: (address: { local: string; domain: string }) => string][] = [
    ["a dot first", ({ local, domain }) => `.${local.slice(1)}@${domain}`],
    ["a dot last", ({ local, domain }) => `${local.slice(1)}.@${domain}`],
    ["two dots", ({ local, domain }) => `${local.slice(0, 30)}..${local.slice(0, 30)}@${domain}`],
    ["an empty label", ({ local, domain }) => `${local}@${domain.replace(".", "..")}`],
    ["a hyphen first in a label", ({ local, domain }) => `${local}@${domain.replace(".", ".-")}`],
    ["a hyphen last in a label", ({ local, domain }) => `${local}@${domain.replace(".", "-.")}`],
    ["an underscore in its domain", ({ local, domain }) => `${local}@${domain.replace(".", "_.")}`],
    ["a label of 64", ({ local, domain }) => `${local}@${"d".repeat(64)}.${domain.slice(-9)}`],
    ["a number as top-level domain", ({ local, domain }) => `${local}@${domain.slice(-99)}.42`],
    ["no domain", ({ local }) => `${local}@`],
    ["no local part", ({ domain }) => `@${domain}`],
    ["no @", ({ local, domain }) => local + domain],
    ["one label", ({ local, domain }) => `${local}@${domain.split(".").at(-1)}`],
    ["quotes", ({ local, domain }) => `"${local}"@${domain}`],
    ["a comment", ({ local, domain }) => `${local}(comment)@${domain}`],
  ];
  test.for(broken)("is not with %s", ([, change]) => {
    fc.assert(
      fc.property(address, (parts) => {
        expect(parseAddress(change(parts))).toHaveProperty("problem");
      }),
      { numRuns: 30 },
    );
  });

  test("is not with another ASCII character in its local part or its domain", () => {
    const other = fc.constantFrom(...Array.from(' \t\r\n\0\u007f"(),:;<>[]\\@'));
    fc.assert(
      fc.property(address, other, fc.nat(), ({ local, domain }, character, place) => {
        const inside = (text: string) =>
          `${text.slice(0, place % text.length)}${character}${text.slice(place % text.length)}`;
        expect(parseAddress(`${inside(local)}@${domain}`)).toHaveProperty("problem");
        expect(parseAddress(`${local}@${inside(domain)}`)).toHaveProperty("problem");
        expect(parseAddress(`${local}@${inside(`é.${domain}`)}`)).toHaveProperty("problem");
      }),
    );
  });
});

test("lengths are limited to 64 before the @, and to 254 in the ASCII form", () => {
  const domainOf = (length: number) =>
    [63, 63, 63, length - 195, 2].map((each) => "d".repeat(each)).join(".");
  expect(emailOf(`${"a".repeat(64)}@example.com`)).toContain("@example.com");
  expect(emailOf(`${"a".repeat(65)}@example.com`)).toBe("Use at most 64 characters before the @.");
  expect(emailOf(`a@${domainOf(252)}`)).toHaveLength(254);
  expect(emailOf(`a@${domainOf(253)}`)).toBe("Use at most 254 characters.");
  const cyrillic = `${"д".repeat(50)}.`.repeat(4);
  expect(emailOf(`a@${cyrillic}com`)).toMatch(/^a@(xn--\w+\.){4}com$/);
  expect(emailOf(`${"a".repeat(40)}@${cyrillic}com`)).toBe("Use at most 254 characters.");
});

test.for([
  ["user@пример.рф", "user@xn--e1afmkfd.xn--p1ai", "user@пример.рф"],
  ["User@ПРИМЕР.РФ", "user@xn--e1afmkfd.xn--p1ai", "user@пример.рф"],
  ["user@XN--E1AFMKFD.xn--p1ai", "user@xn--e1afmkfd.xn--p1ai", "user@xn--e1afmkfd.xn--p1ai"],
  ["user@例え。jp", "user@xn--r8jz45g.jp", "user@例え.jp"],
  ["user@ｅｘａｍｐｌｅ．ｃｏｍ", "user@example.com", "user@example.com"],
  ["user@exa\u00admple.com", "user@example.com", "user@example.com"],
  ["user@bu\u0308cher.example", "user@xn--bcher-kva.example", "user@bücher.example"],
  ["user@straße.example", "user@xn--strae-oqa.example", "user@straße.example"],
  ["user@שלום.example", "user@xn--9dbne9b.example", "user@שלום.example"],
  ["user@xn--a.example", "user@xn--a.example", "user@xn--a.example"],
])("%s is stored as %s and shown as %s", ([typed = "", email, shown]) => {
  expect(parseAddress(typed)).toEqual({ email, shown });
});

test.for([
  "user@é.127",
  "user@１２７.１",
  "user@1.2.3.0x1f",
  "user@é.com.",
  "user@é_.com",
  "user@a/b.é",
  "user@a%2eb.é",
  "user@a:1.é",
  "user@℀.com",
  "user@exam\u202eple.com",
  "user@xn--a.é",
])("%j is invalid", (typed) => {
  expect(emailOf(typed)).toBe(INVALID);
});

test.for(["jörg@example.com", "пользователь@пример.рф", "\u212aate@example.com"])(
  "%s is refused with a reason of its own",
  (typed) => {
    expect(emailOf(typed)).toBe(
      "Letters such as ö before the @ are not supported. Use an address without them.",
    );
  },
);
