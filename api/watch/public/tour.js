import { html, render, nothing } from "./lit/lit-html.js";
import { comparison, predictCard } from "./predict.js";
import { createProgress } from "./progress.js";
import { readHash, writeHash } from "./selection.js";
import { createStepTools } from "./step-tools.js";
import { STEPS } from "./steps.js";

/** Twelve steps, one per concept. The step is in the URL, so that a link opens it. */
export const createTour = (section, context) => {
  const progress = createProgress();
  const runs = createRuns(context, progress, () => draw());
  const indexOf = (name) => STEPS.findIndex((step) => step.name === name);
  let current = indexOf(readHash().get("step"));

  const draw = () => render(current < 0 ? overview() : stepView(STEPS[current]), section);

  const go = async (index, { focus = true } = {}) => {
    if (current >= 0 && index !== current) await runs.leave();
    current = STEPS[index] ? index : -1;
    writeHash("step", STEPS[current]?.name);
    if (current >= 0) progress.visit(STEPS[current].name);
    draw();
    if (focus) section.querySelector("h3, h2")?.focus();
  };

  const overview = () => {
    const resume = Math.max(0, indexOf(progress.last()));
    const isBegun = progress.last() !== undefined;
    return html`
      <p>Twelve steps of at most a minute: predict, do it, and see what the ledger says.</p>
      <p>
        <button type="button" class="do" @click=${() => go(resume)}>
          ${isBegun ? `Resume with step ${resume + 1}` : "Start the tour"}
        </button>
      </p>
      <ol class="steps">
        ${STEPS.map(
          (step, index) =>
            html`<li>
              <button type="button" class="plain" @click=${() => go(index)}>${step.title}</button>
              ${progress.isDone(step.name) ? html`<span class="done-mark">✓<span class="unseen"> done</span></span>` : nothing}
            </li>`,
        )}
      </ol>
    `;
  };

  const stepView = (step) => {
    const { chosen, done } = progress.of(step.name);
    return html`
      <div class="step" @keydown=${onKey}>
        <p class="quiet">Step ${current + 1} of ${STEPS.length}</p>
        <progress
          class="tour-progress"
          max=${STEPS.length}
          value=${current + 1}
          aria-label="Progress of the tour"
        ></progress>
        <h3 tabindex="-1">${step.title}</h3>
        ${predictCard(step, { chosen, done, busy: runs.isBusy() }, (index) => choose(step, index))}
        ${action(step, chosen, done)} ${done ? findings(step, chosen, done) : nothing} ${navigation()}
      </div>
    `;
  };

  const choose = (step, index) => (progress.record(step.name, { chosen: index }), draw());

  const action = (step, chosen, done) => html`
    <div class="buttons">
      <button
        type="button"
        class="do"
        aria-disabled=${runs.isBusy()}
        aria-busy=${runs.isBusy()}
        @click=${() => start(step, done)}
      >
        ${runs.isBusy() ? "Working …" : done ? "Do it again" : "Do it"}
      </button>
      ${chosen === undefined && !done ? html`<span class="quiet">Choose what you expect first, or just do it.</span>` : nothing}
    </div>
    ${runs.note() ? html`<p class="outcome">${runs.note()}</p>` : nothing}
    <p class="look"><strong>Look at</strong> ${step.look}</p>
  `;

  const start = async (step, done) => {
    if (runs.isBusy()) return;
    if (done) progress.record(step.name, { done: undefined });
    const result = await runs.start(step);
    if (!result) return;
    progress.record(step.name, { done: result });
    context.say(comparison(step, progress.of(step.name).chosen, result));
    draw();
  };

  const findings = (step, chosen, done) => html`
    <div class="findings">
      <h4>What has happened</h4>
      <p class="evidence">${comparison(step, chosen, done)}</p>
      <h4>Why it is so</h4>
      <p>${step.why}</p>
      <p class="sources">${step.source.map(sourceLink)} ${conceptLink(step)}</p>
    </div>
  `;

  const navigation = () => html`
    <nav class="buttons" aria-label="Tour">
      <button
        type="button"
        class="switch"
        aria-disabled=${current === 0}
        @click=${() => current > 0 && go(current - 1)}
      >
        Back
      </button>
      <button type="button" class="switch" @click=${() => go(current + 1)}>
        ${current + 1 < STEPS.length ? "Next" : "Finish"}
      </button>
      <button type="button" class="plain" @click=${() => go(-1)}>Leave the tour</button>
    </nav>
  `;

  /** Not in a field, where arrows choose an outcome. */
  const onKey = ({ key, altKey, target }) => {
    if (altKey || target.matches("input, select")) return;
    if (key === "ArrowRight") void go(current + 1);
    if (key === "ArrowLeft" && current > 0) void go(current - 1);
    if (key === "Escape") void go(-1);
  };

  addEventListener("hashchange", () => {
    const index = indexOf(readHash().get("step"));
    if (index !== current) void go(index);
  });

  void runs.leave();
  draw();
  if (current >= 0) section.scrollIntoView?.({ block: "nearest" });
  return {
    step: () => STEPS[current]?.name,
    goTo: (name) => go(indexOf(name)),
  };
};

const sourceLink = (source) => {
  const [path, symbol] = source.split("#");
  return html`<a href="/watch/source?${new URLSearchParams({ path, symbol })}" target="_blank" title=${path}
    ><code>${symbol}</code></a
  > `;
};

const conceptLink = ({ name, title }) =>
  html`<a href="/watch/source?path=docs/concepts/${name}.md" target="_blank"
    >The concept: ${title.toLowerCase()}</a
  >`;

/** Runs one step at a time. Leaving it stops it, and repairs what it has broken. */
const createRuns = (context, progress, changed) => {
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
