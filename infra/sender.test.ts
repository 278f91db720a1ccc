import { expect, test } from "vitest";
import { parseSender } from "./sender.ts";

const address = "hello@acme.example";

test.each([
  ["hello@acme.example", "", address],
  [" hello@acme.example\n", "", address],
  ["<hello@acme.example>", "", address],
  ["Acme <hello@acme.example>", "Acme", address],
  ["Acme, Inc. <hello@acme.example>", "Acme, Inc.", address],
  ['"Acme, Inc." <hello@acme.example>', "Acme, Inc.", address],
  ['"Acme: \\"News\\" @ home" <hello@acme.example>', 'Acme: "News" @ home', address],
  ["Acme (Support) <hello@acme.example>", "Acme (Support)", address],
  ["Bücher <hallo@BÜCHER.example>", "Bücher", "hallo@xn--bcher-kva.example"],
  ["アクメ <hello@例え.テスト>", "アクメ", "hello@xn--r8jz45g.xn--zckzah"],
  ["O'Brien <o'brien+news@mail.acme.example>", "O'Brien", "o'brien+news@mail.acme.example"],
])("%j is one sender", (text, name, address) => {
  expect(parseSender(text)).toEqual({ name, address, domain: address.split("@")[1] });
});

test.each([
  ["no address", "Acme"],
  ["no address in brackets", "Acme <>"],
  ["two addresses", "hello@acme.example, other@acme.example"],
  ["two addresses, the second with a name", "hello@acme.example, Other <other@acme.example>"],
  ["two addresses with names", "Acme <hello@acme.example>, Other <other@acme.example>"],
  ["an address after the brackets", "Acme <hello@acme.example> x@y.example"],
  ["two addresses in brackets", "Acme <hello@acme.example><x@y.example>"],
  ["a group", "undisclosed: hello@acme.example;"],
  ["a group with a named member", "undisclosed: Acme <hello@acme.example>"],
  ["an end of a list", "hello@acme.example;"],
  ["a line break in the name", "Acme\r\nBcc: x@y.example <hello@acme.example>"],
  ["a line break in a quoted name", '"Acme\r\nBcc: x" <hello@acme.example>'],
  ["a line break before the address", "Acme\n<hello@acme.example>"],
  ["a space in the address", "he llo@acme.example"],
  ["a space in the address in brackets", "Acme <hello@ acme.example>"],
  ["a bracket that is not closed", "Acme <hello@acme.example"],
  ["a quote that is not closed", '"Acme <hello@acme.example>'],
  ["two @", "a@b@acme.example"],
  ["a quoted local part", '"hello world"@acme.example'],
  ["an address of a machine", "hello@[127.0.0.1]"],
])("%s is rejected", (_, text) => {
  expect(() => parseSender(text)).toThrow(/^must be one address/);
});

test.each([
  "hällo@acme.example",
  ".hello@acme.example",
  "a..b@acme.example",
  `${"x".repeat(65)}@acme.example`,
])("the local part of %s is rejected", (text) => expect(() => parseSender(text)).toThrow(/before its @$/));

test.each([
  "localhost",
  "acme..example",
  "acme.example.",
  "-acme.example",
  "127.0.0.1",
  "ac_me.example",
  "acme.x",
])("the domain %s is rejected", (domain) =>
  expect(() => parseSender(`hello@${domain}`)).toThrow(/complete domain/),
);
