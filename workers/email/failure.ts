import { PermanentError, ProviderError, RateLimitedError, type PauseOptions } from "../core/index.ts";
import type { Evidence } from "./evidence.ts";
import { describeFailure, factsOf, subjectOf, type Facts } from "./reply.ts";

/** Milliseconds. The long one is for what the operator must fix: providers lock accounts after repeated failures. */
const SHORT_PAUSE = 5_000;
const LONG_PAUSE = 60_000;

const ALERT =
  "the mail provider refuses all mail: check SMTP_URL, MAIL_FROM and the account there. Mails wait in the queue";

/**
 * Classifies an error of `send` as one of core's errors: by its codes and by what happened to other mails (`weigh`).
 * The result contains neither recipient nor content, because it ends up in the ledger and in logs.
 */
export const classifySendError = (error: unknown, weigh: (kind: string) => Evidence): Error => {
  const facts = factsOf(error);
  const isFromProvider = facts.reply > 0 || facts.code !== undefined;
  const failure = new (isFromProvider ? ProviderError : Error)(describeFailure(facts, error), {
    cause: facts,
  });
  const permanent = () => new PermanentError(failure.message, { cause: facts });
  const pause = (ms: number, options?: PauseOptions) =>
    new RateLimitedError(ms, { cause: failure, ...options });

  switch (subjectOf(facts)) {
    case "us":
      return isTemporary(facts) ? pause(SHORT_PAUSE) : pause(LONG_PAUSE, { alert: ALERT });
    case "connection":
      // Another process may have the connections that the provider allows.
      if (!isTemporary(facts)) return pause(LONG_PAUSE, { scope: "process", alert: ALERT });
      return pause(isLogin(facts) ? LONG_PAUSE : SHORT_PAUSE, { scope: "process" });
    case "rate":
      return weigh("rate").othersPass ? failure : pause(SHORT_PAUSE);
    case "mail":
      return isTemporary(facts) ? failure : permanent();
    case "unclear":
      // 503 (bad sequence of commands) is about the session: another one may succeed.
      return isTemporary(facts) || facts.reply === 503 ? failure : refusal(facts, weigh(facts.command ?? ""));
    case "network":
      return failure;
  }

  /** A 5xx about us or about this mail. */
  function refusal({ status }: Facts, evidence: Evidence): Error {
    if (evidence.othersPass) return SYSTEM.test(status ?? "") ? failure : permanent();
    const ms = evidence.pause();
    return ms > 0 ? pause(ms, { alert: ALERT }) : failure;
  }
};

const isTemporary = ({ reply }: Facts): boolean => reply > 0 && reply < 500;

const isLogin = ({ command }: Facts): boolean => command?.startsWith("AUTH") ?? false;

/** The provider's system is full or busy, or a quota is used up: not about this mail, even if others pass. */
const SYSTEM = /^5\.(3\.[12]|4\.5)$/;
