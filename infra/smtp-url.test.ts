import { describe, expect, test } from "vitest";
import { checkSmtpUrl, givesUpTls, needsTls } from "./smtp-url.ts";

test.each([
  "smtp://mail.example.com",
  "smtps://user:p%40ss@mail.example.com:465",
  "smtp://[::1]:25/?name=app.example.com&tls.servername=mail.example.com",
  "smtp://mail.example.com?requireTLS=true&ignoreTLS=false&tls.rejectUnauthorized=true",
])("%s is accepted", (url) => {
  expect(checkSmtpUrl(url)).toBe(url);
  expect(givesUpTls(url)).toBe(false);
});

test.each([
  ["no host", "smtp:s3cret@mail.example.com", /^must be a URL/],
  ["another protocol", "http://mail.example.com", /^must be a URL/],
  ["another server", "smtp://127.0.0.1?service=s3cret", /only, each once$/],
  ["no server", "smtp://mail.example.com?pool=false&jsonTransport=s3cret", /only, each once$/],
  ["a log of all mails", "smtp://mail.example.com?logger=true&debug=true", /only, each once$/],
  ["weak encryption", "smtp://mail.example.com?tls.minVersion=TLSv1", /only, each once$/],
  ["a parameter twice", "smtp://mail.example.com?ignoreTLS=false&ignoreTLS=true", /only, each once$/],
  ["a switch that is not true or false", "smtp://mail.example.com?requireTLS=0", /true or false/],
  ["a password that is not encoded", "smtp://user:1?s3cret@mail.example.com", /only, each once$/],
])("%s is rejected", (_, url, message) => {
  expect(() => checkSmtpUrl(url)).toThrow(message);
  expect(() => checkSmtpUrl(url)).not.toThrow(/s3cret/);
});

test.each([
  "ignoreTLS=true",
  "requireTLS=false",
  "name=a&tls.rejectUnauthorized=false",
  "requireTLS=fals%65",
])("?%s gives up TLS", (parameters) =>
  expect(givesUpTls(checkSmtpUrl(`smtp://mail.example.com?${parameters}`))).toBe(true),
);

describe("TLS is required", () => {
  const remote = "smtp://mail.example.com";
  const withPassword = "smtp://user:password@mail.example.com";
  test.each([
    ["from another machine in production", { smtpUrl: remote, environment: "production" }, true],
    [
      "from another machine that gets a password",
      { smtpUrl: withPassword, environment: "development" },
      true,
    ],
    ["from a machine whose name looks like this one", { smtpUrl: "smtp://u:p@localhost.example.com" }, true],
    ["by default, if there is a password", { smtpUrl: withPassword }, true],
    ["not in development without a password", { smtpUrl: remote, environment: "development" }, false],
    ["not from this machine", { smtpUrl: "smtp://u:p@127.0.0.1:25", environment: "production" }, false],
    [
      "not on a private network",
      { smtpUrl: withPassword, environment: "production", allowPlaintextNetwork: true },
      false,
    ],
  ])("%s", (_, settings, expected) => {
    expect(needsTls(settings)).toBe(expected);
  });
});
