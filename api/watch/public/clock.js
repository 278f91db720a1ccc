/** Milliseconds until the next task below which frames follow each other. Otherwise the page sleeps until then. */
const SOON = 40;

/**
 * One `requestAnimationFrame` for everything that moves with time. It stops while there is nothing to do, the tab is
 * hidden, or the page is paused.
 */
export const createClock = (model) => {
  const tasks = new Set();
  const once = new Set();
  let frame;
  let sleeping;

  const run = () => {
    frame = undefined;
    const now = model.now();
    const writes = [...once];
    once.clear();
    for (const write of writes) write(now);
    if (!model.paused) for (const task of tasks) runIfDue(task, now);
    ensureFrame();
  };

  const ensureFrame = () => {
    if (frame !== undefined) return;
    clearTimeout(sleeping);
    const wait = untilDue();
    if (wait < SOON) frame = requestAnimationFrame(run);
    else if (wait < Infinity) sleeping = setTimeout(ensureFrame, wait);
  };

  /** A correction of the clock may bring a task closer, but no task waits longer than its own interval. */
  const untilDue = () => {
    if (once.size > 0) return 0;
    if (model.paused) return Infinity;
    const now = model.now();
    return Math.min(...[...tasks].map(({ ms, next }) => Math.min(ms, next - now)));
  };

  model.subscribe(({ kind }) => kind === "resume" && ensureFrame());

  return {
    /** Calls `step(now)` about every `ms`, until the returned function is called. Returning a number changes `ms`. */
    every: (ms, step) => {
      const task = { ms, step, next: 0 };
      tasks.add(task);
      ensureFrame();
      return () => tasks.delete(task);
    },
    /** Calls `write(now)` in the next frame, once, however often it is requested. */
    nextFrame: (write) => {
      once.add(write);
      ensureFrame();
    },
  };
};

const runIfDue = (task, now) => {
  // After a correction of the clock, a task would otherwise wait for the difference.
  if (now < task.next && task.next - now <= task.ms) return;
  const ms = task.step(now);
  if (typeof ms === "number") task.ms = ms;
  task.next = now + task.ms;
};
