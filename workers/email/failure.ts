import { PermanentError, ProviderError, RateLimitedError } from "../core/index.ts";

/** The parts of an SMTP error without personal data. */
interface Facts {
  /** nodemailer's own, such as ESOCKET. */
  code: string | undefined;
  /** Its cause, such as ECONNREFUSED. */
  detail: string | undefined;
  command: string | undefined;
  /** The three-digit reply code, 0 without a reply. */
  reply: number;
  /** The enhanced status code (RFC 3463), such as 4.2.1. */
  status: string | undefined;
}

/** Milliseconds of a pause. */
const THROTTLED_PAUSE = 5_000;
const AUTHENTICATION_PAUSE = 60_000;

/**
 * Classifies an error of `send` as one of core's errors: by its code, never by its text, which differs between
 * providers. The result contains neither recipient nor content, because it ends up in the ledger and in logs.
 */
export const classifySendError = (error: unknown): Error => {
  const facts = factsOf(error);
  const isFromProvider = facts.reply > 0 || facts.code !== undefined;
  const failure = new (isFromProvider ? ProviderError : Error)(describe(facts, error), { cause: facts });
  if (isAuthenticationFailure(facts)) return new RateLimitedError(AUTHENTICATION_PAUSE, { cause: failure });
  if (isThrottled(facts)) return new RateLimitedError(THROTTLED_PAUSE, { cause: failure });
  if (isPermanent(facts)) return new PermanentError(failure.message, { cause: facts });
  return failure;
};

/**
 * The credentials are wrong, so no mail can be sent until they are fixed: no attempt is spent. The pause is long
 * because providers lock accounts after repeated failures.
 */
const isAuthenticationFailure = ({ code, reply }: Facts) =>
  code === "EAUTH" || code === "ENOAUTH" || code === "EOAUTH2" || [530, 534, 535, 538].includes(reply);

/**
 * 421 (service not available) and 450, unless the status is about the recipient's address or mailbox (x.1.x, x.2.x):
 * one full mailbox must not stop all mail. Amazon SES replies with 454, which is otherwise a reply to AUTH and
 * STARTTLS. https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html
 */
const isThrottled = ({ reply, status, command }: Facts) =>
  reply === 421 ||
  (reply === 450 && !/^4\.[12]\./.test(status ?? "")) ||
  (reply === 454 && !BEFORE_MAIL_FROM.test(command ?? ""));

/** 503 is a protocol error, and a rejection before MAIL FROM is not about this mail. */
const isPermanent = ({ code, reply, command }: Facts) =>
  reply === 0
    ? ["EENVELOPE", "EMESSAGE", "EFILEACCESS", "EURLACCESS"].includes(code ?? "")
    : reply >= 500 && reply !== 503 && !BEFORE_MAIL_FROM.test(command ?? "");

const BEFORE_MAIL_FROM = /^(CONN|EHLO|HELO|LHLO|STARTTLS|AUTH)/;

const describe = ({ code, detail, command, reply, status }: Facts, error: unknown) => {
  const what = [reply || code, reply ? status : detail].filter(Boolean).join(" ");
  if (!what) return `the mail was not sent: ${error instanceof Error ? error.name : typeof error}`;
  return `the mail was not sent: ${what}${command ? ` at ${command}` : ""}`;
};

const factsOf = (error: unknown): Facts => {
  const fields: Record<string, unknown> = { ...(typeof error === "object" ? error : {}) };
  return {
    code: protocolWord(fields["code"]),
    detail: protocolWord(fields["originalCode"]) ?? protocolWord(fields["timeoutType"]),
    command: protocolWord(fields["command"]),
    reply: typeof fields["responseCode"] === "number" ? fields["responseCode"] : 0,
    status: /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(String(fields["response"]))?.[1],
  };
};

/** Keeps only protocol words, which contain no personal data. */
const protocolWord = (value: unknown) =>
  typeof value === "string" && /^[A-Z][A-Z0-9_ -]{1,30}$/.test(value) ? value : undefined;
