import { expect, test } from "vitest";
import { deviceName } from "./device-name.ts";

const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";

test.for([
  ["Firefox on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"],
  ["Edge on Windows", `Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/140.0 Safari/537.36 Edg/140.0`],
  ["Chrome on Android", `Mozilla/5.0 (Linux; Android 15) ${webkit} Chrome/140.0 Mobile Safari/537.36`],
  [
    "Safari on iOS",
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) ${webkit} Version/18 Safari/604.1`,
  ],
  ["curl", "curl/8.0"],
  ["An app", "You won! https://evil.example <script>"],
  ["An app", ""],
  ["An app", undefined],
])("%s is %j", ([name, userAgent]) => {
  expect(deviceName(userAgent)).toBe(name);
});
