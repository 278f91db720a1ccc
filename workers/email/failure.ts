import { PermanentError, ProviderError, RateLimitedError } from "../core/index.ts";

/** The parts of an SMTP error without personal data. */
interface Facts {
  /** nodemailer's own, such as ESOCKET. */
  code: string | undefined;
  /** Its cause, such as ECONNREFUSED. */
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
 * Maps an error of `send` to the error that decides the job's outcome: by code, never by text, which differs between
 * providers. The result contains neither recipient nor content, because it is stored in the ledger and in logs.
 */
export const sendingError = (error: unknown): Error => {
  const facts = factsOf(error);
  const isProviders = facts.reply > 0 || facts.code !== undefined;
  const failure = new (isProviders ? ProviderError : Error)(describe(facts, error), { cause: facts });
  if (isLockedOut(facts)) return new RateLimitedError(LOCKED_OUT, { cause: failure });
  if (isThrottled(facts)) return new RateLimitedError(THROTTLED, { cause: failure });
  if (isRefusedForGood(facts)) return new PermanentError(failure.message, { cause: facts });
  return failure;
};

/**
 * Wrong credentials are our mistake. No mail can be sent until they are fixed, so no attempt is spent, and providers lock
 * accounts after repeated failures.
 */
const isLockedOut = ({ code, reply }: Facts) =>
  code === "EAUTH" || code === "ENOAUTH" || code === "EOAUTH2" || [530, 534, 535, 538].includes(reply);

/**
 * 421 (the service is not available) and 450, unless its status blames the recipient's address or mailbox (x.1.x, x.2.x): one
 * full mailbox must not stop all mail. Amazon SES says 454; elsewhere that code belongs to AUTH and STARTTLS.
 * https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html
 */
const isThrottled = ({ reply, status, command }: Facts) =>
  reply === 421 ||
  (reply === 450 && !/^4\.[12]\./.test(status ?? "")) ||
  (reply === 454 && !BEFORE_THE_MAIL.test(command ?? ""));

/** 503 means a protocol error, and a refusal before MAIL FROM is not about this mail. */
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

/** Keeps only protocol words, which contain no personal data. */
const word = (value: unknown) =>
  typeof value === "string" && /^[A-Z][A-Z0-9_ -]{1,30}$/.test(value) ? value : undefined;
