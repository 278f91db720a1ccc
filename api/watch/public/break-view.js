import { html, nothing } from "./lit/lit-html.js";
import { breakageCard, breakButton, foreseenText } from "./breakage-card.js";
import { brokenIn, CARDS, foreseen, isBroken, MODES, PROVIDERS } from "./breakages.js";
import { serves } from "./words.js";

const labels = new Map(MODES);

/** All cards. `view` has the model, the breakages, the running acts, and what a switch that is pointed at would do. */
export const breakageCards = (view) => html`
  <div class="breakages">
    ${PROVIDERS.map((provider) => providerCard(view, provider))} ${workerCard(view)} ${apiCard(view)}
    ${emptyCard(view)} ${pauseCard(view)} ${poisonCard(view)} ${loadCard(view)}
  </div>
`;

export const brokenSummary = ({ model, run, breakages }) => {
  const broken = brokenIn(model.breaks);
  if (broken.length === 0)
    return html`<p class="quiet">
      Nothing is broken. These switches break the real system; one click repairs it.
    </p>`;
  return html`
    <p class="broken">
      <span class="broken-count">${broken.length}</span>
      <span>broken: ${broken.map(({ label }) => label).join(", ")}</span>
      <button type="button" class="do" @click=${() => run("reset", "Repaired everything", breakages.reset)}>
        Repair everything
      </button>
    </p>
  `;
};

const providerCard = (view, provider) => {
  const { model, run, breakages, pointed, point, problemOf } = view;
  const { name, label } = provider;
  const mode = model.breaks.providers?.[name] ?? "off";
  const show = (wanted) => () => point({ name, mode: wanted });
  const switchTo = (value) =>
    run(name, `${label}: ${labels.get(value)}`, () => breakages.provider(name, value));
  const buttons = MODES.map(
    ([value, text]) => html`
      <button
        type="button"
        class=${value === "off" ? "switch" : "switch breaks"}
        aria-pressed=${mode === value}
        aria-describedby="foreseen-${name}"
        @pointerenter=${show(value)}
        @focus=${show(value)}
        @click=${() => switchTo(value)}
      >
        ${text}
      </button>
    `,
  );
  const shown = pointed.name === name ? pointed.mode : mode === "off" ? "refuse" : mode;
  const state = isBroken(mode) ? (labels.get(mode) ?? mode) : undefined;
  return breakageCard(
    { id: name, title: label, state, problem: problemOf(name) },
    html`<div class="switches" role="group" aria-labelledby="break-${name}">${buttons}</div>
      ${foreseenText(name, html`<b>${labels.get(shown) ?? shown}:</b> ${foreseen(provider, shown)}`)}`,
  );
};

const workerCard = ({ model, run, breakages, isBusy, problemOf }) => {
  const alive = model.workers.filter((worker) => worker.alive);
  const kill = (worker) => {
    const name = model.workerName(worker.id);
    const queues = serves(worker, model);
    const label = `Kill ${name}${queues && ` (${queues})`}`;
    return breakButton({ id: "worker", label, busy: isBusy("worker") }, () =>
      run("worker", `Killed ${name}`, () => breakages.killWorker(worker.id)),
    );
  };
  return breakageCard(
    { id: "worker", title: "Kill a worker", problem: problemOf("worker") },
    html`${foreseenText("worker", CARDS.worker)}
      <div class="buttons">${alive.length > 0 ? alive.map(kill) : "No worker is alive."}</div>`,
  );
};

const apiCard = ({ run, breakages, isBusy, problemOf }) => {
  const kill = (id, label) =>
    breakButton({ id, label, busy: isBusy(id) }, () =>
      run(id, `Killed the API ${id} its commit`, () => breakages.killApi(`${id}-commit`)),
    );
  return breakageCard(
    { id: "api", title: "Kill the API during a sign-up", problem: problemOf("before") ?? problemOf("after") },
    html`${foreseenText("before", CARDS.before)}
      <div class="buttons">${kill("before", "Before its commit")}</div>
      ${foreseenText("after", CARDS.after)}
      <div class="buttons">${kill("after", "After its commit")}</div>`,
  );
};

const simpleCard = ({ run, isBusy, problemOf }, { id, title, label, done }, work) =>
  breakageCard(
    { id, title, problem: problemOf(id) },
    html`${foreseenText(id, CARDS[id])}
      <div class="buttons">${breakButton({ id, label, busy: isBusy(id) }, () => run(id, done, work))}</div>`,
  );

const emptyCard = (view) =>
  simpleCard(
    view,
    { id: "empty", title: "Empty the broker", label: "Delete all of it", done: "Emptied the broker" },
    () => view.breakages.empty(),
  );

const poisonCard = (view) =>
  simpleCard(
    view,
    { id: "poison", title: "Send a poison job", label: "Send it", done: "Sent a poison job" },
    () => view.breakages.poison(),
  );

const pauseCard = ({ model, run, breakages, isBusy, problemOf, queue, chooseQueue }) => {
  const paused = model.breaks.paused ?? [];
  const names = [...model.queues.keys()].toSorted();
  const resume = (name) => html`
    <button
      type="button"
      class="switch"
      aria-pressed="true"
      @click=${() => run("pause", `Resumed ${name}`, () => breakages.pause(name, false))}
    >
      ${name} is paused: resume it
    </button>
  `;
  const pause = () => run("pause", `Paused ${queue}`, () => breakages.pause(queue, true));
  return breakageCard(
    {
      id: "pause",
      title: "Pause a queue",
      state: paused.length > 0 ? `${paused.length} paused` : undefined,
      problem: problemOf("pause"),
    },
    html`${foreseenText("pause", CARDS.pause)}
      <div class="buttons">
        <label class="queue">
          Queue
          <select @change=${({ target }) => chooseQueue(target.value)}>
            ${names.map((name) => html`<option ?selected=${name === queue}>${name}</option>`)}
          </select>
        </label>
        ${breakButton({ id: "pause", label: "Pause it", busy: isBusy("pause") }, pause)} ${paused.map(resume)}
      </div>`,
  );
};

const loadCard = ({ model, run, breakages, isBusy, problemOf }) => {
  const { flood } = model.breaks;
  const off = flood !== null && flood !== undefined && !flood.endedAt;
  const load = (id, label, done) =>
    breakButton({ id, label, off, busy: isBusy(id) }, () => run(id, done, () => breakages[id]()));
  return breakageCard(
    {
      id: "load",
      title: "Flood and rain",
      state: off ? "running" : undefined,
      problem: problemOf("flood") ?? problemOf("rain"),
    },
    html`${foreseenText("flood", CARDS.flood)}
      <div class="buttons">${load("flood", "Flood: 1,000 sign-ups", "A flood of 1,000 sign-ups")}</div>
      ${foreseenText("rain", CARDS.rain)}
      <div class="buttons">${load("rain", "Rain: 1,000 jobs a second", "A rain of 1,000 jobs a second")}</div>
      ${flood ? progress(flood) : nothing}`,
  );
};

const progress = ({ kind, accepted, wanted, endedAt }) => html`
  <label class="load">
    ${accepted.toLocaleString("en-GB")} of ${wanted.toLocaleString("en-GB")}
    ${kind === "flood" ? "sign-ups" : "jobs"} accepted${endedAt ? "" : " …"}
    <progress max=${wanted} value=${accepted}></progress>
  </label>
`;
