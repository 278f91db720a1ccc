import { expect, test } from "vitest";
import { contentDisposition } from "./content-disposition.ts";

test.each([
  ["holiday.jpg", 'filename="holiday.jpg"'],
  ["my holiday (1).jpg", 'filename="my holiday (1).jpg"'],
  [
    "Žluťoučký kůň.png",
    "filename=\"_lu_ou_k_ k__.png\"; filename*=UTF-8''%C5%BDlu%C5%A5ou%C4%8Dk%C3%BD%20k%C5%AF%C5%88.png",
  ],
  ["it's 100%.png", "filename=\"it's 100_.png\"; filename*=UTF-8''it%27s%20100%25.png"],
  [
    'a"; filename="evil.exe',
    "filename=\"a_; filename=_evil.exe\"; filename*=UTF-8''a%22%3B%20filename%3D%22evil.exe",
  ],
  ["../../etc/passwd", 'filename=".._.._etc_passwd"'],
  ["a\r\nSet-Cookie: x=y", 'filename="a__Set-Cookie: x=y"'],
  ["\u202egnp.exe", 'filename="_gnp.exe"'],
  ["\ud800", "filename=\"_\"; filename*=UTF-8''%EF%BF%BD"],
])("%j", (filename, expected) => {
  expect(contentDisposition("inline", filename)).toBe(`inline; ${expected}`);
});
