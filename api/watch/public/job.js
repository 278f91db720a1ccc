import { html, nothing, render } from "./lit/lit-html.js";
import { copy } from "./copy.js";
import { facts } from "./job-facts.js";
import { createJobData } from "./job-data.js";
import { glyphOf, wordsOf } from "./glyphs.js";
import { isOver } from "./life.js";
import { createReplay, stationOfPhase, stations } from "./replay.js";
import { attempts, timeline } from "./timeline.js";
import { placeNodes, tree } from "./tree.js";
import { countdown } from "./numbers.js";
import { nameOf, plain, shortId } from "./words.js";
import { why } from "./why.js";

/** The selected job: what it is, why it waits, every attempt, and the flow that it is part of. */
export const createJob = (section, context) => {
  const { model } = context;
  const state = { data: {}, unfolded: new Set(), message: "", replay: undefined, id: undefined };

  const draw = () => {
    if (section.closest("[data-folded]")) return;
    render(panel(), section);
    placeNodes(section);
  };
  const drawSoon = () => context.clock.nextFrame(draw);

  const data = createJobData({ model }, (found) => {
    state.data = found;
    drawSoon();
  });

  const select = (id) => {
    state.replay?.close();
    Object.assign(state, { id, unfolded: new Set(), message: "", replay: undefined });
    data.select(id);
  };

  const unfold = (index) => {
    if (!state.unfolded.delete(index)) state.unfolded.add(index);
    draw();
  };

  const change = async (job, action, done) => {
    const { ok, body } = await context.call("POST", `/watch/control/jobs/${job.id}/${action}`);
    state.message = ok ? done : (body?.detail ?? body?.title ?? "The server does not respond.");
    context.say(state.message);
    draw();
  };

  const replayAgain = (job) => {
    state.replay?.close();
    const host = section.querySelector(".replay-host");
    state.replay = createReplay(host, job, context, () => {
      state.replay = undefined;
      draw();
      section.querySelector(".again-slowly")?.focus();
    });
    draw();
    host.querySelector("button")?.focus();
  };

  const panel = () => {
    const { job, problem } = state.data;
    if (!state.id)
      return html`<p class="empty">Select a job on the stage or in the story to see its whole life.</p>`;
    if (!job) return html`<p class="empty">${problem ?? "Loading…"}</p>`;
    return card(job);
  };

  const card = (job) => html`
    <article class="job ${job.phase}" data-id=${job.id} data-phase=${job.phase} data-attempt=${job.attempt}>
      ${head(job)}
      <div class="now" ?hidden=${state.replay !== undefined}>
        ${stations(stationOfPhase(job.phase), job.phase)} ${reason(job)}
        ${timeline(job, { now: model.now(), unfolded: state.unfolded, onUnfold: unfold })}
      </div>
      <div class="tools">
        <button
          type="button"
          class="small again-slowly"
          ?hidden=${state.replay !== undefined}
          @click=${() => replayAgain(job)}
        >
          Again, slowly
        </button>
        ${buttons(job)}
        <span class="quiet" role="status">${state.message}</span>
      </div>
      <div class="replay-host"></div>
      <details open>
        <summary>Attempts</summary>
        ${attempts(job, { now: model.now(), model, unfolded: state.unfolded, onUnfold: unfold })}
      </details>
      ${flow(job)} ${facts(job, { model, onSelect: context.select })}
    </article>
  `;

  const head = (job) => html`
    <header class="job-head">
      <span class="glyph big" aria-hidden="true">${glyphOf(job.phase)}</span>
      <div>
        <h3>${nameOf(job)}</h3>
        <p class="quiet">
          <span class="phase">${wordsOf(job.phase)}</span> ·
          <button
            type="button"
            class="link mono"
            aria-label="${shortId(job.id)}: copy the id"
            title=${job.id}
            @click=${() => copy(job.id, context, "The id")}
          >
            ${shortId(job.id)}
          </button>
        </p>
      </div>
      <button
        type="button"
        class="small end"
        aria-label="Close the job"
        @click=${() => context.select(undefined)}
      >
        Close
      </button>
    </header>
  `;

  const reason = (job) => {
    const found = why(job, { model });
    if (!found) return job.error ? html`<p class="why">${plain(job.error)}</p>` : nothing;
    const left = found.until === undefined ? 0 : found.until - model.now();
    return html`<p class="why">
      ${found.text}${left > 0 ? html` <span class="countdown">${countdown(left)}</span>` : nothing}
    </p>`;
  };

  const buttons = (job) => html`
    ${job.phase === "dead" ? html`<button type="button" class="small" @click=${() => change(job, "retry", "It runs again from its first attempt.")}>Retry</button>` : nothing}
    ${
      !isOver(job) && !job.startedAt && job.attempt === 0
        ? html`<button type="button" class="small" @click=${() => change(job, "cancel", "It is cancelled.")}>
            Cancel
          </button>`
        : nothing
    }
  `;

  const flow = (job) => {
    const { related = [], total } = state.data;
    if (related.length < 2) return nothing;
    return html`<section class="flow" aria-label="Flow">
      <h4>Flow</h4>
      ${tree(related, { selected: job.id, onSelect: context.select, total, room: section.clientWidth })}
    </section>`;
  };

  // Bars and countdowns of a job in progress move with the time; the rest changes with its row.
  context.clock.every(200, () => {
    const { job } = state.data;
    if (!job || isOver(job)) return 500;
    draw();
    return job.phase === "again" ? 100 : 250;
  });
  section.closest("section")?.addEventListener("unfold", drawSoon);
  context.onSelect(select);
  select(context.selected());
  draw();
};
