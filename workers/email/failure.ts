import { PermanentError, RateLimitedError } from "../core/index.ts";

/** What an SMTP error says without naming anybody. */
interface Facts {
  /** nodemailer's own, such as ESOCKET. */
  code: string | undefined;
  /** What is behind it, such as ECONNREFUSED. */
  detail: string | undefined;
  command: string | undefined;
  /** The server's three digits, 0 when it did not answer. */
  reply: number;
  /** RFC 3463, such as 4.2.1. */
  status: string | undefined;
}

const THROTTLED = 5_000;
const LOCKED_OUT = 60_000;

/**
 * Sorts what a send threw into the outcomes of a job, by code and never by text, which every provider words its own way.
 * The error it returns names neither recipient nor content, as it ends in the ledger and in logs.
 */
export const sendingError = (error: unknown): Error => {
  const facts = factsOf(error);
  const plain = new Error(describe(facts, error), { cause: facts });
  if (isLockedOut(facts)) return new RateLimitedError(LOCKED_OUT, { cause: plain });
  if (isThrottled(facts)) return new RateLimitedError(THROTTLED, { cause: plain });
  if (isRefusedForGood(facts)) return new PermanentError(plain.message, { cause: facts });
  return plain;
};

/**
 * Wrong credentials are our mistake, not the recipient's. No mail can pass, so none spends its attempts on it, and
 * providers lock accounts that keep knocking.
 */
const isLockedOut = ({ code, reply }: Facts) =>
  code === "EAUTH" || code === "ENOAUTH" || code === "EOAUTH2" || [530, 534, 535, 538].includes(reply);

/**
 * 421 (the service is not available) and 450, unless its status blames the recipient's address or mailbox (x.1.x, x.2.x): one
 * full mailbox must not stop everybody's mail. Amazon SES says 454; elsewhere that code belongs to AUTH and STARTTLS.
 * https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html
 */
const isThrottled = ({ reply, status, command }: Facts) =>
  reply === 421 ||
  (reply === 450 && !/^4\.[12]\./.test(status ?? "")) ||
  (reply === 454 && !BEFORE_THE_MAIL.test(command ?? ""));

/** 503 says that the conversation went wrong, and a refusal before MAIL FROM says nothing about this mail. */
const isRefusedForGood = ({ code, reply, command }: Facts) =>
  reply === 0
    ? ["EENVELOPE", "EMESSAGE", "EFILEACCESS", "EURLACCESS"].includes(code ?? "")
    : reply >= 500 && reply !== 503 && !BEFORE_THE_MAIL.test(command ?? "");

const BEFORE_THE_MAIL = /^(CONN|EHLO|HELO|LHLO|STARTTLS|AUTH)/;

const describe = ({ code, detail, command, reply, status }: Facts, error: unknown) => {
  const what = [reply || code, reply ? status : detail].filter(Boolean).join(" ");
  if (!what) return `the mail was not sent: ${error instanceof Error ? error.name : typeof error}`;
  return `the mail was not sent: ${what}${command ? ` at ${command}` : ""}`;
};

const factsOf = (error: unknown): Facts => {
  const fields: Record<string, unknown> = { ...(typeof error === "object" ? error : {}) };
  return {
    code: word(fields["code"]),
    detail: word(fields["originalCode"]) ?? word(fields["timeoutType"]),
    command: word(fields["command"]),
    reply: typeof fields["responseCode"] === "number" ? fields["responseCode"] : 0,
    status: /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(String(fields["response"]))?.[1],
  };
};

/** Lets only protocol words through, so that nothing personal can hide in them. */
const word = (value: unknown) =>
  typeof value === "string" && /^[A-Z][A-Z0-9_ -]{1,30}$/.test(value) ? value : undefined;
