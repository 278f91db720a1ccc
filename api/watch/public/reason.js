import { setText } from "./elements.js";
import { countdown } from "./numbers.js";
import { why } from "./why.js";

/** Those that are nearest to their start explain the lane best. */
const WAITING = ["queued", "again", "committed", "children", "turn", "scheduled"];

/** What is over sooner needs no reason, and would only make the lane jump. */
const SHORT_MS = 1_000;

/** Why the jobs of a lane wait: the reason of the first one that waits. */
export const createReason = (name, node, { model }) => ({
  show: (now, ids) => {
    const waiting = firstWaiting(model, ids, now);
    const reason = waiting && why(waiting, { model });
    node.hidden = !reason;
    if (reason)
      setText(node, reason.until ? `${reason.text} ${timeLeft(reason.until, now)}`.trim() : reason.text);
  },
});

const firstWaiting = (model, ids, now) => {
  const jobs = [...ids].map((id) => model.jobs.get(id)).filter((job) => job && !isNew(job, now));
  for (const phase of WAITING) {
    const [first] = jobs
      .filter((job) => job.phase === phase)
      .toSorted((one, other) => (one.id < other.id ? -1 : 1));
    if (first) return first;
  }
  return undefined;
};

const isNew = ({ phase, publishedAt, readyAt }, now) =>
  (phase === "committed" || phase === "queued") && now - Date.parse(publishedAt ?? readyAt) < SHORT_MS;

const timeLeft = (until, now) => {
  const left = (typeof until === "number" ? until : Date.parse(until)) - now;
  return left > 0 ? `(${countdown(left)})` : "";
};
