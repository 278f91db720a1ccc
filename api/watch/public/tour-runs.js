import { brokenIn } from "./breakages.js";
import { createStepTools } from "./step-tools.js";

/** Runs one step at a time. Leaving it stops it, and repairs what it has broken. */
export const createRuns = (context, progress, changed) => {
  let stop;
  let note;

  const say = (text) => {
    note = text;
    context.say(text);
    changed();
  };

  const start = async (step) => {
    const controller = new AbortController();
    stop = controller;
    note = undefined;
    changed();
    const parts = { acts: context.acts, breakages: context.breakages };
    const tools = createStepTools(context, parts, {
      broken: progress.broken,
      signal: controller.signal,
      say,
    });
    try {
      await repairOthers();
      return step.check(await step.run(tools));
    } catch (error) {
      if (!controller.signal.aborted) say(error.message);
      if (!controller.signal.aborted && error.name !== "Refused") console.error(error);
      return undefined;
    } finally {
      if (stop === controller) stop = undefined;
      changed();
    }
  };

  /** What is broken already would change what the step shows. */
  const repairOthers = async () => {
    // The stream may not have said it yet, right after the page was opened.
    const { ok, body } = await context.call("GET", "/watch/control/state");
    if (!ok || brokenIn(body).length === 0) return;
    say("First, what was broken is repaired.");
    await context.breakages.reset();
  };

  const leave = async () => {
    stop?.abort(new Error("The step was left."));
    stop = undefined;
    note = undefined;
    for (const what of progress.broken.all()) await repair(what);
  };

  const repair = async (what) => {
    if (what.provider) await context.call("PUT", "/watch/control/providers", { [what.provider]: "off" });
    if (what.schedule) await context.acts.unschedule().catch(() => {}); // It is gone with its account.
    progress.broken.forget(what);
  };

  return { start, leave, isBusy: () => stop !== undefined, note: () => note };
};
