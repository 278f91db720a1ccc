import { html, render, nothing } from "./lit/lit-html.js";
import { breakageCards, brokenSummary } from "./break-view.js";
import { brokenIn } from "./breakages.js";
import { createBreakages } from "./breakage-acts.js";
import { createTasks } from "./tasks.js";
import { isSettled, readBooks, verdictOf } from "./verdict.js";

/** Milliseconds between two looks into the books. */
const BOOKS_EVERY = 2_000;

/** Breaks the running system, says before what will be seen, and afterwards what the books say. */
export const createBreak = (section, context) => {
  const { model, clock } = context;
  const tasks = createTasks(context, () => draw());
  const breakages = createBreakages(context);
  let pointed = {};
  let queue = "email";
  let last;

  const draw = () => {
    const { isBusy } = tasks;
    const view = { model, breakages, run, isBusy, problemOf, pointed, point, queue, chooseQueue };
    render(html`${brokenSummary(view)} ${verdict(last)} ${breakageCards(view)}`, section);
  };

  const point = (at) => {
    pointed = at;
    draw();
  };

  const chooseQueue = (name) => {
    queue = name;
    draw();
  };

  const problemOf = (id) => {
    const { text, error } = tasks.outcomeOf(id);
    return error ? text : undefined;
  };

  const run = async (id, title, work) => {
    const since = new Date(model.now()).toISOString();
    const answer = await tasks.start(id, work);
    // A repair belongs to what was broken: the books go on from there.
    if (answer && id !== "reset") last = { title, since, truth: answer.truth };
    else if (answer && last) last = { ...last, settled: false };
    draw();
  };

  const updateVerdict = async () => {
    if (!last || last.settled || document.hidden) return;
    const current = last;
    const books = await readBooks(context, current.since);
    if (!books || current !== last) return;
    const { text } = verdictOf(books, acceptedSince(model, current));
    const settled = isSettled(books) && brokenIn(model.breaks).length === 0 && books.jobs.total > 0;
    last = { ...current, text, settled };
    if (settled) context.say(text);
    draw();
  };

  clock.every(BOOKS_EVERY, () => void updateVerdict());
  model.subscribe(({ breaks, workers, kind }) => (breaks || workers || kind === "snapshot") && draw());
  draw();
  return { breakages };
};

/** Requests of the load of this break that were answered after their commit: counted outside the ledger. */
const acceptedSince = ({ breaks: { flood } }, { since }) =>
  flood && flood.startedAt >= since ? flood.accepted : 0;

const verdict = (last) =>
  last
    ? html`
        <div class="verdict">
          <h3>Since “${last.title}”</h3>
          ${last.truth ? html`<p>${last.truth}</p>` : nothing}
          <p>${last.text ?? "Reading the ledger and the inbox …"}</p>
        </div>
      `
    : nothing;
