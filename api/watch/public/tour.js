import { html, render, nothing } from "./lit/lit-html.js";
import { comparison } from "./comparison.js";
import { predictCard } from "./predict.js";
import { createProgress } from "./progress.js";
import { readHash, writeHash } from "./selection.js";
import { conceptButton, sourceButton } from "./source.js";
import { STEPS } from "./steps.js";
import { createRuns } from "./tour-runs.js";

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
    place(section, current >= 0);
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
      <p class="sources">${step.source.map(sourceButton)} ${conceptButton(step.name)}</p>
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
  place(section, current >= 0);
  return {
    step: () => STEPS[current]?.name,
    /** Without a name, the step at which the tour was left. */
    goTo: (name = progress.last() ?? STEPS[0].name) => go(indexOf(name)),
  };
};

/**
 * A step stands at the top of its column, next to the stage that it points to. Without a step, the tour stands below what
 * can be done and broken. The section may be folded, too.
 */
const place = (section, isOpen) => {
  const whole = section.closest("section");
  const first = whole.parentElement.firstElementChild === whole;
  if (isOpen && !first) whole.parentElement.prepend(whole);
  if (!isOpen && first) whole.parentElement.append(whole);
  if (!isOpen) return;
  if (whole.hasAttribute("data-folded")) whole.querySelector("h2 button").click();
  whole.scrollIntoView({ block: "start" });
};
