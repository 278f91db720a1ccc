import { expect, test } from "vitest";
import { findMentions } from "./mentions.ts";

const members = [
  { userId: "ada", name: "Ada Lovelace" },
  { userId: "ada-1", name: "Ada" },
  { userId: "zoë", name: "Zoë Żuraw" },
  { userId: "li", name: "李雷" },
  { userId: "dots", name: "J.R.R. (Ron) Tolkien" },
  { userId: "dotted", name: "İpek" },
  { userId: "twin-1", name: "Bo Li" },
  { userId: "twin-2", name: "bo  li" },
  { userId: "closed", name: "" },
];

test.for<[string, string[]]>([
  ["@Ada Lovelace, please look", ["ada"]],
  ["@Ada please look", ["ada-1"]],
  ["please look,@ada lovelace!", ["ada"]],
  ["(@ADA\nLOVELACE)", ["ada"]],
  ["@Ada @Ada Lovelace @ada", ["ada-1", "ada"]],
  ["@Adam", []],
  ["ada@ada.example", []],
  ["1@Ada", []],
  ["@ Ada", []],
  ["Ada Lovelace", []],
  ["@Zoe\u0308 Z\u0307uraw", ["zoë"]],
  ["@zoË żURAW's", ["zoë"]],
  ["@李雷", ["li"]],
  ["@李雷雷", []],
  ["@J.R.R. (Ron) Tolkien.", ["dots"]],
  ["@JxRxR (Ron) Tolkien", []],
  ["@İpek and @i̇pek", ["dotted"]],
  ["@Bo Li", ["twin-1", "twin-2"]],
  ["@", []],
])("finds in %j %j", ([text, found]) => {
  expect(findMentions(text, members)).toEqual(found);
});

test("a project without other members has no one to mention", () => {
  expect(findMentions("@Ada", [])).toEqual([]);
});

test("reads a text of only @ and names that share their beginnings without much work", () => {
  const many = Array.from({ length: 100 }, (_, index) => ({
    userId: `${index}`,
    name: `${"a ".repeat(49)}${index}`,
  }));
  expect(findMentions("@".repeat(10_000), many)).toEqual([]);
  expect(findMentions(`@${"a ".repeat(4_999)}`, many)).toEqual([]);
});
