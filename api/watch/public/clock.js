/**
 * One `requestAnimationFrame` for everything that moves with time. It stops while there is nothing to do, the tab is
 * hidden, or the page is paused.
 */
export const createClock = (model) => {
  const tasks = new Set();
  const once = new Set();
  let frame;

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
    const needed = once.size > 0 || (tasks.size > 0 && !model.paused);
    if (needed && frame === undefined) frame = requestAnimationFrame(run);
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
