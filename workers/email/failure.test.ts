import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { PermanentError, ProviderError, RateLimitedError } from "../core/index.ts";
import type { Evidence } from "./evidence.ts";
import { classifySendError } from "./failure.ts";

const CODES: Record<string, string> = { CONN: "EPROTOCOL", "AUTH PLAIN": "EAUTH", STARTTLS: "ETLS" };

/** An error in nodemailer's form. */
const refusal = (command: string, response: string, code = CODES[command] ?? "EENVELOPE") =>
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

type Others = "nothing known" | "others pass" | "none passes";
const evidence: Record<Others, Evidence> = {
  "nothing known": { othersPass: false, pause: () => 0 },
  "others pass": { othersPass: true, pause: () => 0 },
  "none passes": { othersPass: false, pause: () => 10_000 },
};

const classify = (error: unknown, others: Others = "nothing known") =>
  classifySendError(error, () => evidence[others]);

/** Such as `the queue pauses 60 s, alert`. */
const outcomeOf = (error: Error) => {
  if (error instanceof PermanentError) return "dead letter";
  if (!(error instanceof RateLimitedError)) return "retry";
  return `the ${error.scope} pauses ${error.ms / 1_000} s${error.alert ? ", alert" : ""}`;
};

describe("what is about us pauses", () => {
  test.for<[command: string, response: string, outcome: string]>([
    ["CONN", "421 4.7.0 too many connections", "the process pauses 5 s"],
    ["CONN", "554 no service for you", "the process pauses 60 s, alert"],
    ["EHLO", "451 4.3.0 busy", "the process pauses 5 s"],
    ["EHLO", "550 5.7.1 your name is not accepted", "the queue pauses 60 s, alert"],
    ["STARTTLS", "454 TLS not available", "the process pauses 5 s"],
    ["STARTTLS", "502 5.5.1 not implemented", "the queue pauses 60 s, alert"],
    ["AUTH PLAIN", "421 4.7.0 too many concurrent sessions", "the process pauses 60 s"],
    ["AUTH PLAIN", "454 4.7.0 too many logins", "the process pauses 60 s"],
    ["AUTH PLAIN", "535 5.7.8 wrong password", "the queue pauses 60 s, alert"],
    ["MAIL FROM", "450 4.7.1 too much mail from you", "the queue pauses 5 s"],
    ["MAIL FROM", "452 4.3.1 insufficient storage", "the queue pauses 5 s"],
    ["MAIL FROM", "503 5.5.1 authenticate first", "the queue pauses 60 s, alert"],
    ["MAIL FROM", "530 5.7.0 authentication required", "the queue pauses 60 s, alert"],
    ["MAIL FROM", "550 5.4.5 daily quota exceeded", "the queue pauses 60 s, alert"],
    ["MAIL FROM", "552 5.2.2 quota of this sender exceeded", "the queue pauses 60 s, alert"],
    ["RCPT TO", "530 5.7.0 authentication required", "the queue pauses 60 s, alert"],
    ["RCPT TO", "450 4.1.8 the sender's domain does not exist", "the queue pauses 5 s"],
    ["RCPT TO", "553 5.1.7 invalid sender", "the queue pauses 60 s, alert"],
    ["DATA", "432 4.3.2 concurrent connections limit exceeded", "the process pauses 5 s"],
    ["DATA", "454 Throttling failure: Maximum sending rate exceeded.", "the queue pauses 5 s"],
    ["RCPT TO", "421 4.7.0 slow down", "the queue pauses 5 s"],
  ])("%s: %s: %s", ([command, response, outcome]) => {
    expect(outcomeOf(classify(refusal(command, response)))).toBe(outcome);
  });

  test("421 in the middle of a session, which nodemailer reports at CONN, pauses the queue", () => {
    const error = refusal("CONN", "421 4.3.2 shutting down", "ECONNECTION");
    expect(outcomeOf(classify(error))).toBe("the queue pauses 5 s");
  });

  test.for<[string, Error]>([
    ["wrong credentials", failure("EAUTH", { command: "API" })],
    ["no STARTTLS", failure("ETLS", { command: "EHLO" })],
    ["a wrong certificate", failure("ESOCKET", { originalCode: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" })],
    ["no TLS at this port", failure("ESOCKET", { originalCode: "ERR_SSL_WRONG_VERSION_NUMBER" })],
  ])("%s pauses the queue for 60 s and alerts", ([, error]) => {
    expect(outcomeOf(classify(error))).toBe("the queue pauses 60 s, alert");
  });
});

describe("what is about this mail or its recipient pauses nothing", () => {
  test.for<[command: string, response: string, outcome: string]>([
    ["MAIL FROM", "552 5.3.4 too large", "dead letter"],
    ["MAIL FROM", "523 the message length exceeds the limit", "dead letter"],
    ["RCPT TO", "450 4.2.2 mailbox full", "retry"],
    ["RCPT TO", "550 5.1.1 unknown", "dead letter"],
    ["RCPT TO", "556 5.1.10 this domain accepts no mail", "dead letter"],
    ["RCPT TO", "552 5.2.2 mailbox full", "dead letter"],
    ["DATA", "552 too large", "dead letter"],
  ])("%s: %s: %s", ([command, response, outcome]) => {
    for (const others of Object.keys(evidence) as Others[])
      expect(outcomeOf(classify(refusal(command, response), others))).toBe(outcome);
  });

  test.for(["EENVELOPE", "EMESSAGE"])("%s without a reply goes to the dead letter", (code) => {
    expect(outcomeOf(classify(failure(code, { command: "API" })))).toBe("dead letter");
  });
});

describe("what can be about either depends on other mails", () => {
  const pauses = "the queue pauses 10 s, alert";
  test.for<[command: string, response: string, alone: string, othersPass: string, nonePasses: string]>([
    ["RCPT TO", "450 4.7.1 greylisted", "retry", "retry", "retry"],
    ["RCPT TO", "451 4.3.0 try again later", "retry", "retry", "retry"],
    ["RCPT TO", "421 4.7.0 slow down", "the queue pauses 5 s", "retry", "the queue pauses 5 s"],
    ["RCPT TO", "503 bad sequence", "retry", "retry", "retry"],
    ["RCPT TO", "550 rejected", "retry", "dead letter", pauses],
    ["RCPT TO", "554 5.7.1 client host rejected", "retry", "dead letter", pauses],
    ["DATA", "451 4.3.0 queue file write error", "retry", "retry", "retry"],
    ["DATA", "554 Message rejected: Email address is not verified.", "retry", "dead letter", pauses],
    ["DATA", "554 5.2.252 send as denied", "retry", "dead letter", pauses],
    ["DATA", "550 5.4.5 daily quota exceeded", "retry", "retry", pauses],
  ])("%s: %s", ([command, response, alone, othersPass, nonePasses]) => {
    const error = refusal(command, response);
    expect(outcomeOf(classify(error, "nothing known"))).toBe(alone);
    expect(outcomeOf(classify(error, "others pass"))).toBe(othersPass);
    expect(outcomeOf(classify(error, "none passes"))).toBe(nonePasses);
  });
});

test.for<[string, Error]>([
  ["451 4.3.0 at RCPT TO", refusal("RCPT TO", "451 4.3.0 try again later")],
  ["ESOCKET ECONNREFUSED at CONN", failure("ESOCKET", { originalCode: "ECONNREFUSED" })],
  ["ETIMEDOUT SOCKET_TIMEOUT at CONN", failure("ETIMEDOUT", { timeoutType: "SOCKET_TIMEOUT" })],
  ["TypeError", new TypeError("cannot read ada@example.com")],
])("retries, and names the cause: %s", ([text, error]) => {
  const retry = classify(error);
  expect(retry.name).toBe(text === "TypeError" ? "Error" : ProviderError.name);
  expect(retry.message).toBe(`the mail was not sent: ${text}`);
});

test("contains no personal data at any depth", () => {
  for (const error of [
    refusal("RCPT TO", "550 5.1.1 ada@example.com"),
    refusal("MAIL FROM", "450 ada@example.com"),
    refusal("RCPT TO", "451 ada@example.com"),
    failure("ada@example.com", { command: "RCPT TO:<ada@example.com>", originalCode: "ada@example.com" }),
  ]) {
    expect(inspect(classify(error), { depth: 10, showHidden: true })).not.toContain("ada@");
  }
});
