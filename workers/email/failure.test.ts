import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { PermanentError, RateLimitedError } from "../core/index.ts";
import { classifySendError } from "./failure.ts";

/** An error in nodemailer's form. */
const refusal = (response: string, command = "RCPT TO", code = "EENVELOPE") =>
  Object.assign(new Error(`Can't send mail to ada@example.com: ${response}`), {
    code,
    command,
    response,
    responseCode: Number(response.slice(0, 3)),
    recipient: "ada@example.com",
    rejected: ["ada@example.com"],
  });

const failure = (code: string, more: object = {}) =>
  Object.assign(new Error("no mail for ada@example.com"), { code, command: "CONN", ...more });

describe("retries", () => {
  test.for<[string, Error]>([
    ["451 4.3.0 at RCPT TO", refusal("451 4.3.0 try again later")],
    ["450 4.2.2 at RCPT TO", refusal("450 4.2.2 mailbox of ada@example.com is full")],
    ["503 at DATA", refusal("503 bad sequence", "DATA")],
    ["554 at CONN", refusal("554 no service for you", "CONN", "EPROTOCOL")],
    ["454 at STARTTLS", refusal("454 TLS not available", "STARTTLS", "ETLS")],
    ["ESOCKET ECONNREFUSED at CONN", failure("ESOCKET", { originalCode: "ECONNREFUSED" })],
    ["ETIMEDOUT SOCKET_TIMEOUT at CONN", failure("ETIMEDOUT", { timeoutType: "SOCKET_TIMEOUT" })],
    ["TypeError", new TypeError("cannot read ada@example.com")],
  ])("after %s", ([text, error]) => {
    const retry = classifySendError(error);
    expect(retry.name).toBe(text === "TypeError" ? "Error" : "ProviderError");
    expect(retry.message).toBe(`the mail was not sent: ${text}`);
  });
});

describe("fails permanently", () => {
  test.for<[string, Error]>([
    ["550 5.1.1 at RCPT TO", refusal("550 5.1.1 ada@example.com is unknown")],
    ["552 at DATA", refusal("552 too large", "DATA", "EMESSAGE")],
    ["EENVELOPE at API", failure("EENVELOPE", { command: "API" })],
  ])("after %s", ([text, error]) => {
    const permanent = classifySendError(error);
    expect(permanent).toBeInstanceOf(PermanentError);
    expect(permanent.message).toBe(`the mail was not sent: ${text}`);
  });
});

describe("pauses the queue", () => {
  test.for<[number, Error]>([
    [5_000, refusal("421 4.7.0 too many connections", "CONN", "EPROTOCOL")],
    [5_000, refusal("450 4.7.1 slow down")],
    [5_000, refusal("450 slow down")],
    [5_000, refusal("454 Throttling failure: Maximum sending rate exceeded.", "DATA", "EMESSAGE")],
    [60_000, refusal("535 5.7.8 wrong password", "AUTH PLAIN", "EAUTH")],
    [60_000, refusal("530 5.7.0 authentication required", "MAIL FROM")],
    [60_000, failure("EAUTH", { command: "API" })],
  ])("for %i ms after %o", ([ms, error]) => {
    const pause = classifySendError(error);
    expect(pause).toBeInstanceOf(RateLimitedError);
    expect((pause as RateLimitedError).ms).toBe(ms);
  });
});

test("contains no personal data at any depth", () => {
  for (const error of [
    refusal("550 5.1.1 ada@example.com"),
    refusal("450 ada@example.com"),
    refusal("451 ada@example.com"),
    failure("ada@example.com", { command: "RCPT TO:<ada@example.com>", originalCode: "ada@example.com" }),
  ]) {
    expect(inspect(classifySendError(error), { depth: 10, showHidden: true })).not.toContain("ada@");
  }
});
