/** How long an own job is shown at each station, so that a mail of 60 ms is seen. */
const DWELL_MS = 400;

/** What is shown may be this late. Beyond it, stations are skipped. */
const MAX_LAG_MS = 1_500;

/** Which phase of each job is shown. Own jobs pass every station; jobs of others are shown as they are. */
export const createPlayback = () => {
  const entries = new Map();
  const pending = new Set();

  const push = ({ before, after }, isMine, now) => {
    const entry = entries.get(after.id);
    if (!entry || !isMine) {
      const [first, ...rest] = isMine ? stepsBetween(before, after) : [after.phase];
      entries.set(after.id, { shown: first, since: now, steps: rest.map((phase) => ({ phase, at: now })) });
    } else {
      const last = entry.steps.at(-1)?.phase ?? entry.shown;
      const steps = stepsBetween(before, after);
      if (steps[0] === last) steps.shift();
      entry.steps.push(...steps.map((phase) => ({ phase, at: now })));
    }
    if (entries.get(after.id).steps.length > 0) pending.add(after.id);
    else pending.delete(after.id);
  };

  return {
    push,
    shown: (id) => entries.get(id)?.shown,
    forget: (id) => {
      entries.delete(id);
      pending.delete(id);
    },
    isPending: () => pending.size > 0,

    /** Moves jobs on that were shown for long enough. Returns their ids. */
    advance: (now) => {
      const moved = [...pending].filter((id) => advanceEntry(entries.get(id), now));
      for (const id of moved) if (entries.get(id).steps.length === 0) pending.delete(id);
      return moved;
    },

    /** How late the latest job is shown, in milliseconds. */
    lag: (now) => Math.max(0, ...[...pending].map((id) => now - entries.get(id).steps[0].at)),
  };
};

const advanceEntry = (entry, now) => {
  if (now - entry.since < dwellOf(entry)) return false;
  const late = entry.steps.findLastIndex(({ at }) => now - at > MAX_LAG_MS);
  entry.shown = entry.steps.splice(0, Math.max(late, 0) + 1).at(-1).phase;
  entry.since = now;
  return true;
};

/** Shorter if the time that is left is not enough for all stations that follow. */
const dwellOf = ({ since, steps }) => Math.min(DWELL_MS, (steps[0].at + MAX_LAG_MS - since) / steps.length);

/** The phases from one row to the next, with those that the page did not see because they were short. */
export const stepsBetween = (before, after) => {
  if (!before && after.attempt + after.crashes > 0) return [after.phase];
  const steps = before ? [before.phase] : ["committed"];
  if (after.publishedAt && after.publishedAt !== before?.publishedAt) steps.push("queued");
  if (hasRun(before, after)) steps.push("running");
  steps.push(after.phase);
  return steps.filter((phase, index) => phase !== steps[index - 1]);
};

const hasRun = (before, after) =>
  (after.startedAt && after.startedAt !== before?.startedAt) || (before && after.attempt > before.attempt);
