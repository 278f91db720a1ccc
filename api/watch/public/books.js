import { count } from "./numbers.js";

const READ_MS = 2_000;

/** Set-up requests of the controls that enqueue nothing. */
const isFlood = ({ path }) => /\/control\/(flood|rain)$/.test(path);

/**
 * The balance: what this page's requests enqueued, counted from their responses, against what the ledger says of these jobs.
 * Both sides come from different sources. From one query, they would always be equal and prove nothing.
 */
export const createBooks = (show, { model, clock }) => {
  const accepted = new Set();
  let load = 0;
  let since;

  /** Called with the answer of every request of the page that succeeded. */
  const record = (answer) => {
    since ??= new Date(model.now() - 1_000).toISOString();
    if (!isFlood(answer)) for (const id of answer.jobIds) accepted.add(id);
  };

  const read = async () => {
    const { flood } = model.breaks;
    if (flood && since) load = Math.max(load, flood.accepted);
    if (since === undefined || document.hidden) return;
    const response = await fetch(`/watch/books?since=${encodeURIComponent(since)}`).catch(() => undefined);
    if (response?.ok) show(balance(accepted.size + load, await response.json()));
  };

  clock.every(READ_MS, () => void read());
  return { record };
};

/** `lost` is what was accepted and is not in the ledger. */
export const balance = (accepted, { jobs }) => {
  const { done, dead, cancelled, open, total } = jobs;
  const parts = [`${count(done)} done`, `${count(dead)} dead`, `${count(open)} open`];
  if (cancelled > 0) parts.splice(2, 0, `${count(cancelled)} cancelled`);
  return { lost: Math.max(0, accepted - total), accepted, ledger: parts.join(" + ") };
};
