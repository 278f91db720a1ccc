import { html, nothing, render } from "./lit/lit-html.js";
import { guard } from "./lit/directives/guard.js";
import { repeat } from "./lit/directives/repeat.js";
import { copy } from "./copy.js";
import { conceptButton, sourceButton } from "./source.js";
import { createLines, markdownOf } from "./story-lines.js";
import { exactClock } from "./words.js";

/** Milliseconds between two drawings at least: more often, a flood of lines could not be read anyway. */
const DRAW_MS = 200;
/** Pixels from the end within which the log follows its newest line. */
const AT_END = 48;

/** What happened, as an ordered log. It is silent for screen readers until its switch is on. */
export const createStory = (section, context) => {
  const { model } = context;
  const lines = createLines(model);
  const state = { onlyMine: false, aloud: false, open: new Set() };

  let isAtEnd = true;
  let waiting;

  const draw = () => {
    if (section.closest("[data-folded]")) return;
    render(panel(), section);
    if (isAtEnd) section.querySelector(".story-log").scrollTop = Number.MAX_SAFE_INTEGER;
  };
  const drawSoon = () => {
    waiting ??= setTimeout(() => {
      waiting = undefined;
      context.clock.nextFrame(draw);
    }, DRAW_MS);
  };
  // Not measured while drawing: the browser would have to lay the page out twice a frame.
  const measure = ({ target }) => {
    isAtEnd = target.scrollHeight - target.scrollTop - target.clientHeight < AT_END;
  };

  const shown = () => lines.all().filter(({ mine }) => !state.onlyMine || mine !== false);

  const toggle = (key) => () => {
    state[key] = !state[key];
    draw();
  };

  const toggleRow = (id) => {
    if (!state.open.delete(id)) state.open.add(id);
    draw();
  };

  const panel = () => html`
    <div class="tools">
      <label class="switch"
        ><input type="checkbox" role="switch" .checked=${state.onlyMine} @change=${toggle("onlyMine")} /> Only
        mine</label
      >
      <label class="switch"
        ><input type="checkbox" role="switch" .checked=${state.aloud} @change=${toggle("aloud")} /> Read
        aloud</label
      >
      <button type="button" class="small end" @click=${copyAll}>Copy the story</button>
    </div>
    <div
      class="story-log"
      role="log"
      aria-live=${state.aloud ? "polite" : "off"}
      aria-label="Story"
      tabindex="0"
      @scroll=${measure}
    >
      <ol>
        ${repeat(shown(), ({ id }) => id, unlessSame)}
      </ol>
      ${shown().length === 0 ? html`<p class="empty">Sign up, or start the tour: each step of your jobs appears here, with its reason.</p>` : nothing}
    </div>
  `;

  const unlessSame = (line) => guard([line.text, line.mine, state.open.has(line.id)], () => lineOf(line));

  const lineOf = (line) => html`
    <li
      class="line ${line.mine === false ? "other" : "own"}"
      data-kind=${line.kind ?? "note"}
      data-job=${line.jobId ?? nothing}
    >
      <time datetime=${new Date(line.at).toISOString()}>${exactClock(line.at)}</time>
      <div>
        <p class="text">${line.text}</p>
        ${line.why && line.mine !== false ? html`<p class="because">${line.why}</p>` : nothing}
        ${linksOf(line)} ${state.open.has(line.id) ? changes(line) : nothing}
      </div>
    </li>
  `;

  const linksOf = (line) =>
    line.isMerged
      ? nothing
      : html`<p class="links">
          ${sourceButton(line.source)} ${conceptButton(line.concept)}
          ${
            line.changes?.length > 0
              ? html`<button
                  type="button"
                  class="link"
                  aria-expanded=${state.open.has(line.id)}
                  @click=${() => toggleRow(line.id)}
                >
                  Row
                </button>`
              : nothing
          }
          ${line.jobId ? html`<button type="button" class="link" @click=${() => context.select(line.jobId)}>Job</button>` : nothing}
          ${line.curl ? html`<button type="button" class="link" @click=${() => copy(line.curl, context, "The request")}>Copy as curl</button>` : nothing}
        </p>`;

  const changes = ({ changes: columns }) => html`
    <table class="row-changes">
      <caption class="unseen">
        Columns that changed
      </caption>
      ${columns.map(
        ({ column, from, to }) =>
          html`<tr>
            <th scope="row">${column}</th>
            <td>${from} <span aria-label="became">→</span> ${to}</td>
          </tr>`,
      )}
    </table>
  `;

  const copyAll = () => copy(markdownOf(shown(), exactClock), context, "The story");

  model.subscribe((change) => {
    if (change.kind === "pause" || change.kind === "resume") return;
    lines.apply(change);
    drawSoon();
  });
  section.closest("section")?.addEventListener("unfold", drawSoon);
  render(panel(), section);

  return {
    narrate: ({ at, ...line }) => {
      // A request begins before what it commits.
      const took = line.request?.ms ?? 0;
      const end = typeof at === "number" ? at : at ? Date.parse(at) : model.now();
      lines.add({ ...line, at: end - took });
      drawSoon();
    },
  };
};
