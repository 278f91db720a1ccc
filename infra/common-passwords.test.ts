import { expect, test } from "vitest";
import { isCommonPassword } from "./common-passwords.ts";

test.each([
  "qwertyuiop",
  "QwertyUIOP",
  "1q2w3e4r5t",
  "offstage12",
  "Offstage2026",
  "passwordoffstage",
  "password!1",
])("%s is common", (password) => {
  expect(isCommonPassword(password)).toBe(true);
});

test.each([
  "correct horse battery",
  "the second password",
  "offstage at seven in June",
  "ポケットモンスター赤緑",
])("%s is not common", (password) => {
  expect(isCommonPassword(password)).toBe(false);
});
