import { count } from "./numbers.js";

const READ_MS = 2_000;

/** Floods answer before they enqueue, and count what was accepted. */
const isLoad = ({ path }) => /\/control\/(flood|rain)$/.test(path);

/**
 * The balance of the header: what this page's requests enqueued, counted from their responses, against the rows of the
 * ledger that name these requests. From one source, both sides would always be equal and prove nothing.
 */
export const createBalance = (show, { model, clock, requests }) => {
  let accepted = 0;
  const loads = new Map();
  let since;
  let changed = false;

  /** Called with the answer of every request of the page that succeeded. */
  const record = ({ path, body, jobCount }) => {
    if (isLoad({ path }) && body?.id) loads.set(body.id, 0);
    else accepted += jobCount;
    if (accepted + loads.size === 0) return;
    // The clocks of the processes that make ids may differ a little.
    since ??= new Date(model.now() - 5_000).toISOString();
    changed = true;
  };

  const countLoads = () => {
    const { flood } = model.breaks;
    if (flood && loads.has(flood.id)) loads.set(flood.id, Math.max(loads.get(flood.id), flood.accepted));
    return [...loads.values()].reduce((sum, each) => sum + each, 0);
  };

  const read = async () => {
    if (!changed || document.hidden) return;
    const query = new URLSearchParams({ since, requests });
    const response = await fetch(`/watch/books?${query}`).catch(() => undefined);
    if (!response?.ok) return; // What is shown stays, until the server answers again.
    const { requested } = await response.json();
    show(describeBalance(accepted + countLoads(), requested));
    changed = requested.open > 0 || isGrowing(model.breaks.flood);
  };

  clock.every(READ_MS, () => void read());
  model.subscribe((change) => (changed ||= since !== undefined && change.jobs.length > 0));
  return { record };
};

const isGrowing = (flood) => Boolean(flood && !flood.endedAt);

/**
 * `lost` is what was accepted and is not in the ledger. A request may also have committed without an answer: its process was
 * killed in between.
 */
export const describeBalance = (accepted, { done, dead, cancelled, open, total }) => {
  const ledger = [`${count(done)} done`, `${count(dead)} dead`, `${count(open)} open`];
  if (cancelled > 0) ledger.splice(2, 0, `${count(cancelled)} cancelled`);
  const left = [`${count(accepted)} accepted`];
  if (total > accepted) left.push(`${count(total - accepted)} unanswered`);
  return { lost: Math.max(0, accepted - total), text: `${left.join(" + ")} = ${ledger.join(" + ")}` };
};
