import { newestWith, tokenIn } from "./mail-links.js";
import { waitFor } from "./wait.js";

/** Milliseconds between two looks into the inbox. */
const APART = 400;

/** A mail may take several attempts while its provider is broken. */
const PATIENCE = 180_000;

/** How many mails of an address are read: the newest. */
const READ = 5;

/** Reads the mails of an address, newest first. Each is loaded once. */
const createReader = ({ call }, email) => {
  const read = new Map();
  const load = async (id) => {
    const { ok, body } = await call("GET", `/watch/control/inbox/${id}`);
    if (ok) read.set(id, body);
  };
  return async () => {
    const { ok, body } = await call("GET", `/watch/control/inbox?to=${encodeURIComponent(email)}`);
    const ids = ok ? body.messages.slice(0, READ).map(({ id }) => id) : [];
    await Promise.all(ids.filter((id) => !read.has(id)).map(load));
    return ids.flatMap((id) => read.get(id) ?? []);
  };
};

/** Waits for a mail with a link to a page, and resolves with the token in it; undefined if none came. */
export const waitForToken = async (context, email, page, { signal, ms = PATIENCE } = {}) => {
  const readMails = createReader(context, email);
  let lookedAt = -APART;
  const look = async () => {
    if (performance.now() - lookedAt < APART) return undefined;
    lookedAt = performance.now();
    const mail = newestWith(await readMails(), page);
    return mail && tokenIn(mail, page);
  };
  return waitFor(context.model, look, { ms, signal });
};
