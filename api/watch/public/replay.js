import { html, nothing, render } from "./lit/lit-html.js";
import { frameAt, framesOf, stationOfPhase } from "./replay-frames.js";
import { timeline } from "./timeline.js";
import { exactClock } from "./words.js";

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4];

const STATIONS = [
  ...[
    ["committed", "○", "ledger"],
    ["queued", "◐", "broker"],
    ["running", "●", "running"],
    ["again", "↻", "again"],
  ],
  ["ended", "✓", "ended"],
];

/** The five stations of a job, with the one where it is. */
export const stations = (current, phase) => html`
  <ol class="path" aria-label="Stations">
    ${STATIONS.map(
      ([name, glyph, label]) =>
        html`<li
          class="stop ${name} ${name === current ? "here" : ""}"
          aria-current=${name === current ? "step" : nothing}
        >
          <span class="glyph" aria-hidden="true">${name === "ended" && phase === "dead" ? "✕" : glyph}</span
          >${label}
        </li>`,
    )}
  </ol>
`;

export { stationOfPhase };

/** Shows the life of a job again, at any speed, from its row alone. `host` is its place; `onClose` removes it. */
export const createReplay = (host, job, context, onClose) => {
  const { model } = context;
  const frames = framesOf(job, { model });
  const length = frames.at(-1).end;
  const state = { position: 0, speed: 1, isPlaying: true };
  let stop = () => {};
  let last = performance.now();

  const advance = () => {
    const now = performance.now();
    state.position = Math.min(length, state.position + (now - last) * state.speed);
    last = now;
    if (state.position >= length) pause();
    draw();
  };

  const play = () => {
    if (state.position >= length) state.position = 0;
    last = performance.now();
    state.isPlaying = true;
    stop();
    stop = context.clock.every(60, advance);
    draw();
  };

  const pause = () => {
    state.isPlaying = false;
    stop();
    draw();
  };

  const stepBy = (by) => {
    pause();
    const { index } = frameAt(frames, state.position);
    state.position = frames[Math.min(frames.length - 1, Math.max(0, index + by))].start;
    draw();
  };

  const seek = ({ target }) => {
    pause();
    state.position = Number(target.value);
    draw();
  };

  const keys = (event) => {
    const by = { ",": -1, ".": 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    stepBy(by);
  };

  const draw = () => {
    const { frame, at, index } = frameAt(frames, state.position);
    render(panel(frame, at, index), host);
  };

  const panel = (frame, at, index) => html`
    <div class="replay" role="group" aria-label="Again, slowly" @keydown=${keys}>
      <div class="replay-head">
        <h4>Again, slowly</h4>
        <time class="mono" datetime=${new Date(at).toISOString()}>${exactClock(at)}</time>
        <button type="button" class="small" aria-label="Close the replay" @click=${close}>Close</button>
      </div>
      ${stations(frame.station, frame.kind)}
      ${timeline(job, { now: frames.at(-1).at, unfolded: new Set(), head: at })}
      <input
        type="range"
        aria-label="Position"
        min="0"
        max=${length}
        step="10"
        .value=${String(state.position)}
        aria-valuetext="Step ${index + 1} of ${frames.length}: ${frame.text}"
        @input=${seek}
      />
      <div class="replay-controls">
        <button
          type="button"
          class="small"
          aria-label="One step back"
          aria-keyshortcuts=","
          @click=${() => stepBy(-1)}
        >
          ‹
        </button>
        <button type="button" class="small wide" @click=${() => (state.isPlaying ? pause() : play())}>
          ${state.isPlaying ? "Pause" : "Play"}
        </button>
        <button
          type="button"
          class="small"
          aria-label="One step forward"
          aria-keyshortcuts="."
          @click=${() => stepBy(1)}
        >
          ›
        </button>
        <label
          >Speed
          <select @change=${({ target }) => (state.speed = Number(target.value))}>
            ${SPEEDS.map((speed) => html`<option value=${speed} ?selected=${speed === 1}>${speed}×</option>`)}
          </select></label
        >
        <span class="quiet">step ${index + 1} of ${frames.length}</span>
      </div>
      <p class="text">${frame.text}</p>
      <p class="because">${frame.why}</p>
      <p class="quiet">Waits are shortened to 3 s, and each step takes at least half a second.</p>
    </div>
  `;

  const close = () => {
    stop();
    render(nothing, host);
    onClose();
  };

  play();
  return { close };
};
