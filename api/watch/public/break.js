import { html, render, nothing } from "./lit/lit-html.js";
import { isSettled, readBooks, verdictOf } from "./verdict.js";
import { brokenIn, CARDS, foreseen, MODES, PROVIDERS } from "./breakages.js";
import { createBreakages } from "./breakage-acts.js";
import { createTasks } from "./tasks.js";

/** Milliseconds between two looks into the books. */
const BOOKS_EVERY = 2_000;

/** Breaks the running system, says before what will be seen, and afterwards what the books say. */
export const createBreak = (section, context) => {
  const { model, clock } = context;
  const tasks = createTasks(context, () => draw());
  const breakages = createBreakages(context);
  let shown = {};
  let last;

  const draw = () => render(panel(), section);

  const panel = () => html`
    ${summary()} ${verdict()}
    <div class="cards">
      ${PROVIDERS.map(providerCard)} ${workerCard()} ${apiCard()} ${emptyCard()} ${pauseCard()}
      ${poisonCard()} ${loadCard()}
    </div>
  `;

  const summary = () => {
    const broken = brokenIn(model.breaks);
    if (broken.length === 0)
      return html`<p class="quiet">
        Nothing is broken. Everything here breaks the real system, and can be repaired with one click.
      </p>`;
    return html`
      <p class="broken">
        <span class="broken-count">${broken.length}</span>
        <span>broken: ${broken.map(({ label }) => label).join(", ")}</span>
        <button
          type="button"
          class="do"
          @click=${() => run("reset", "Everything repaired", () => breakages.reset())}
        >
          Repair everything
        </button>
      </p>
    `;
  };

  const verdict = () =>
    last
      ? html`
          <div class="verdict">
            <h3>Since “${last.title}”</h3>
            ${last.truth ? html`<p>${last.truth}</p>` : nothing}
            <p>${last.text ?? "Reading the ledger and the inbox …"}</p>
          </div>
        `
      : nothing;

  const card = (id, title, text, content) => html`
    <section class="card" aria-labelledby="break-${id}">
      <h3 id="break-${id}">${title}</h3>
      <p class="foreseen" id="foreseen-${id}">${text}</p>
      ${content} ${problem(id)}
    </section>
  `;

  const problem = (id) => {
    const { text, error } = tasks.outcomeOf(id);
    return error ? html`<p class="outcome error">${text}</p>` : nothing;
  };

  const providerCard = (provider) => {
    const mode = model.breaks.providers?.[provider.name] ?? "off";
    const show = (wanted) => () => ((shown = { [provider.name]: wanted }), draw());
    const switches = MODES.map(
      ([value, label]) => html`
        <button
          type="button"
          aria-pressed=${mode === value}
          aria-describedby="foreseen-${provider.name}"
          class=${value === "off" ? "switch" : "switch breaks"}
          @pointerenter=${show(value)}
          @focus=${show(value)}
          @click=${() => run(provider.name, `${provider.label}: ${label}`, () => breakages.provider(provider.name, value))}
        >
          ${label}
        </button>
      `,
    );
    return card(
      provider.name,
      provider.label,
      foreseen(provider, shown[provider.name] ?? (mode === "off" ? "refuse" : mode)),
      html`<div class="switches" role="group" aria-labelledby="break-${provider.name}">${switches}</div>`,
    );
  };

  const button = (id, label, title, work, off = false) => html`
    <button
      type="button"
      class="do breaks"
      aria-describedby="foreseen-${id}"
      aria-disabled=${off || tasks.isBusy(id)}
      @click=${() => !off && run(id, title, work)}
    >
      ${label}
    </button>
  `;

  const workerCard = () => {
    const alive = model.workers.filter(({ alive }) => alive);
    const kills = alive.map(({ id }) =>
      button("worker", `Kill ${model.workerName(id)}`, `Killed ${model.workerName(id)}`, () =>
        breakages.killWorker(id),
      ),
    );
    return card(
      "worker",
      "Kill a worker",
      CARDS.worker,
      html`<div class="buttons">${kills.length > 0 ? kills : "No worker is alive."}</div>`,
    );
  };

  const apiCard = () => html`
    <section class="card" aria-labelledby="break-api">
      <h3 id="break-api">Kill the API during a sign-up</h3>
      <p class="foreseen" id="foreseen-before">${CARDS.before}</p>
      <div class="buttons">
        ${button("before", "Before its commit", "Killed the API before a commit", () => breakages.killApi("before-commit"))}
      </div>
      <p class="foreseen" id="foreseen-after">${CARDS.after}</p>
      <div class="buttons">
        ${button("after", "After its commit", "Killed the API after a commit", () => breakages.killApi("after-commit"))}
      </div>
      ${problem("before")} ${problem("after")}
    </section>
  `;

  const emptyCard = () =>
    card(
      "empty",
      "Empty the broker",
      CARDS.empty,
      html`<div class="buttons">
        ${button("empty", "Empty the broker", "Emptied the broker", () => breakages.empty())}
      </div>`,
    );

  const pauseCard = () => {
    const paused = model.breaks.paused ?? [];
    const resume = paused.map(
      (name) =>
        html`<button
          type="button"
          class="switch"
          aria-pressed="true"
          @click=${() => run("pause", `Resumed ${name}`, () => breakages.pause(name, false))}
        >
          ${name} is paused: resume
        </button>`,
    );
    return card(
      "pause",
      "Pause a queue",
      CARDS.pause,
      html`<div class="buttons">
        <label class="queue"
          >Queue
          <select id="pause-queue">
            ${[...model.queues.keys()].toSorted().map((name) => html`<option ?selected=${name === "email"}>${name}</option>`)}
          </select></label
        >
        ${button("pause", "Pause it", "Paused a queue", () => breakages.pause(section.querySelector("#pause-queue").value, true))}
        ${resume}
      </div>`,
    );
  };

  const poisonCard = () =>
    card(
      "poison",
      "Send a poison job",
      CARDS.poison,
      html`<div class="buttons">
        ${button("poison", "Send it", "Sent a poison job", () => breakages.poison())}
      </div>`,
    );

  const loadCard = () => {
    const { flood } = model.breaks;
    const isRunning = flood && !flood.endedAt;
    return html`
      <section class="card" aria-labelledby="break-load">
        <h3 id="break-load">Load</h3>
        <p class="foreseen" id="foreseen-flood">${CARDS.flood}</p>
        <div class="buttons">
          ${button("flood", "Flood: 1,000 sign-ups", "A flood of 1,000 sign-ups", () => breakages.flood(), isRunning)}
        </div>
        <p class="foreseen" id="foreseen-rain">${CARDS.rain}</p>
        <div class="buttons">
          ${button("rain", "Rain: 1,000 jobs a second", "A rain of 1,000 jobs a second", () => breakages.rain(), isRunning)}
        </div>
        ${flood ? progress(flood) : nothing} ${problem("flood")} ${problem("rain")}
      </section>
    `;
  };

  const progress = ({ kind, accepted, wanted, endedAt }) => html`
    <label class="load">
      ${accepted.toLocaleString("en-GB")} of ${wanted.toLocaleString("en-GB")}
      ${kind === "flood" ? "sign-ups" : "jobs"} accepted${endedAt ? "" : " …"}
      <progress max=${wanted} value=${accepted}></progress>
    </label>
  `;

  const run = async (id, title, work) => {
    const since = new Date(model.now()).toISOString();
    const answer = await tasks.start(id, work);
    if (!answer) return;
    last = { title, since, truth: answer.truth };
    draw();
  };

  /** What was accepted since the last break: own requests do not count, the page knows only its loads exactly. */
  const acceptedSince = ({ since }) => {
    const { flood } = model.breaks;
    return flood && flood.startedAt >= since ? flood.accepted : 0;
  };

  const updateVerdict = async () => {
    if (!last || last.settled || document.hidden) return;
    const current = last;
    const books = await readBooks(context, current.since);
    if (!books || current !== last) return;
    const { text } = verdictOf(books, acceptedSince(current));
    const settled = isSettled(books) && brokenIn(model.breaks).length === 0 && books.jobs.total > 0;
    if (text !== current.text) last = { ...current, text };
    last.settled = settled;
    if (settled) context.say(text);
    draw();
  };

  clock.every(BOOKS_EVERY, () => void updateVerdict());
  model.subscribe(({ breaks, workers, kind }) => (breaks || workers || kind === "snapshot") && draw());
  draw();
  context.breakages = breakages;
  return { breakages };
};
