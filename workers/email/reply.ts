/** The parts of an SMTP error without personal data. */
export interface Facts {
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

/**
 * What a failure is about: `us` (settings, account, sender, client), `connection` (the provider allows no further one),
 * `rate`, `mail` (this mail or its recipient), `unclear` (either us or this mail), or `network` (no reply).
 */
export type Subject = "us" | "connection" | "rate" | "mail" | "unclear" | "network";

/**
 * Decides by the command that the provider answered, then by the codes. Its text is ignored, because it differs between
 * providers.
 */
export const subjectOf = (facts: Facts): Subject => {
  const { code, detail, command = "", reply } = facts;
  if (reply === 0) {
    if (SETTINGS.includes(code ?? "") || TLS_FAULT.test(detail ?? "")) return "us";
    return MAIL.includes(code ?? "") ? "mail" : "network";
  }
  // nodemailer reports 421 in the middle of a session as ECONNECTION at CONN.
  if (reply === 421 && code === "ECONNECTION" && command === "CONN") return "rate";
  if (command === "CONN") return "connection";
  if (/^(EHLO|HELO|LHLO|STARTTLS|AUTH)/.test(command)) return reply < 500 ? "connection" : "us";
  if (AUTHENTICATION.includes(reply) || SENDER.test(facts.status ?? "")) return "us";
  if (reply === 432) return "connection";
  if (isTooLarge(facts)) return "mail";
  if (command === "MAIL FROM") return "us";
  if (command === "RCPT TO" && RECIPIENT.test(facts.status ?? "")) return "mail";
  return RATE.includes(reply) ? "rate" : "unclear";
};

/** nodemailer's codes, without a reply: wrong credentials, or TLS that is required and not available. */
const SETTINGS = ["EAUTH", "ENOAUTH", "EOAUTH2", "ETLS"];

/** nodemailer's codes, without a reply: it refuses the address or the content. */
const MAIL = ["EENVELOPE", "EMESSAGE", "EFILEACCESS", "EURLACCESS"];

/** OpenSSL's and Node's codes for a certificate that is not valid, or a server without TLS at this port. */
const TLS_FAULT = /CERT|_TLS_|_SSL_|VERIFY|_CA$|HOSTNAME_MISMATCH|^EPROTO$/;

/** https://www.rfc-editor.org/rfc/rfc4954#section-6 */
const AUTHENTICATION = [530, 534, 535, 538];

/**
 * 421 (service not available). 454 is Amazon's throttling; otherwise it is a reply to AUTH and STARTTLS.
 * https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html
 */
const RATE = [421, 454];

// Enhanced status codes: https://www.rfc-editor.org/rfc/rfc3463#section-3. They decide at RCPT TO only, because after
// DATA some providers use x.2.x for the sender's mailbox.
const RECIPIENT = /^[45]\.(1\.(1|2|3|6|10)|2\.\d+)$/;
const SENDER = /^[45]\.1\.[78]$/;
const TOO_LARGE = /^[45]\.(3\.4|2\.3)$/;

const isTooLarge = ({ reply, status }: Facts): boolean =>
  status === undefined ? reply === 552 || reply === 523 : TOO_LARGE.test(status);

/** One line for the ledger and the log. */
export const describeFailure = ({ code, detail, command, reply, status }: Facts, error: unknown): string => {
  const what = [reply || code, reply ? status : detail].filter(Boolean).join(" ");
  if (!what) return `the mail was not sent: ${error instanceof Error ? error.name : typeof error}`;
  return `the mail was not sent: ${what}${command ? ` at ${command}` : ""}`;
};

export const factsOf = (error: unknown): Facts => {
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
  typeof value === "string" && /^[A-Z][A-Z0-9_ -]{1,40}$/.test(value) ? value : undefined;
