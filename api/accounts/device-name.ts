// The first match wins: browsers also name the browsers that they are derived from.
const BROWSERS: [token: RegExp, name: string][] = [
  [/\bEdg/, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bChrome\/|\bCriOS\//, "Chrome"],
  [/\bSafari\//, "Safari"],
  [/^curl\//, "curl"],
];
const SYSTEMS: [token: RegExp, name: string][] = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b|\biPad\b/, "iOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** A readable device name from a User-Agent header. Uses fixed names only, because the header is not trusted. */
export const deviceName = (userAgent = ""): string => {
  const browser = find(BROWSERS, userAgent) ?? "An app";
  const system = find(SYSTEMS, userAgent);
  return system ? `${browser} on ${system}` : browser;
};

const find = (names: [RegExp, string][], userAgent: string) =>
  names.find(([token]) => token.test(userAgent))?.[1];
