import { newestWith, tokenIn } from "./mail-links.js";
import { waitFor } from "./wait.js";

/** Milliseconds between two looks into the inbox. */
const APART = 400;

/** A mail may take several attempts while its provider is broken. */
const PATIENCE = 180_000;

/** The mails of one address, newest first. */
export const mailsTo = async ({ call }, email) => {
  const { ok, body } = await call("GET", `/watch/control/inbox?to=${encodeURIComponent(email)}`);
  return ok ? (Array.isArray(body) ? body : (body.messages ?? body.mails ?? [])) : [];
};

/**
 * Waits for a mail with a link to a page, and resolves with the token in it; undefined if none came. `after` are the
 * tokens to leave out, of mails that were read before.
 */
export const waitForToken = async (context, email, page, { signal, ms = PATIENCE } = {}) => {
  let lookedAt = -APART;
  const look = async () => {
    if (performance.now() - lookedAt < APART) return undefined;
    lookedAt = performance.now();
    const mail = newestWith(await mailsTo(context, email), page);
    return mail && tokenIn(mail, page);
  };
  return waitFor(context.model, look, { ms, signal });
};
