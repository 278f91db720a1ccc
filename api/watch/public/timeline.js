import { html, nothing, svg } from "./lit/lit-html.js";
import { layoutTimeline, placeOf } from "./timeline-layout.js";
import { duration } from "./numbers.js";
import { clock, plain, workerName } from "./words.js";

const percent = (share) => `${(share * 100).toFixed(2)}%`;

const NAMES = {
  ...{ delay: "delay", children: "waits for its children", turn: "waits for its turn", wait: "waits" },
  ...{
    backoff: "waits to retry",
    earlier: "earlier attempts",
    run: "runs",
    crash: "runs until its worker dies",
  },
};

/** The bars of a job. `unfolded` are the gaps that are shown in full, `head` a moment to mark, in ms. */
export const timeline = (job, { now, unfolded, onUnfold, head }) => {
  const { bars, marks, from, to } = layoutTimeline(job, { now, unfolded });
  return html`
    <figure class="timeline">
      <svg
        class="bars"
        role="img"
        aria-label=${`${bars.length} parts in ${duration(to - from)}; listed below`}
      >
        ${patterns} ${bars.map((bar) => barOf(bar, onUnfold))} ${marks.map(markOf)}
        ${head === undefined ? nothing : headOf(placeOf(bars, head))}
      </svg>
      <figcaption>
        <span>${clock(from)}</span>
        <span class="legend" aria-hidden="true">
          <i class="key wait"></i>wait <i class="key run"></i>run <i class="key backoff"></i>backoff
          <i class="key crash"></i>crash
        </span>
        <span>${duration(to - from)}</span>
      </figcaption>
    </figure>
  `;
};

const patterns = svg`
  <defs>
    <pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect class="pattern-ground" width="6" height="6"></rect><rect class="pattern-ink" width="1.5" height="6"></rect>
    </pattern>
    <pattern id="dotted" width="7" height="7" patternUnits="userSpaceOnUse">
      <rect class="pattern-ground" width="7" height="7"></rect><circle class="pattern-dot" cx="3.5" cy="3.5" r="1.3"></circle>
    </pattern>
  </defs>
`;

const TOP = 20;
const HEIGHT = 22;

const barOf = (bar, onUnfold) => {
  const end = percent(bar.x + bar.width);
  const isRun = bar.kind === "run" || bar.kind === "crash";
  return svg`
    <g class=${classOf(bar)} @click=${() => bar.canFold && onUnfold?.(bar.index)}>
      <title>${describePart(bar)}</title>
      <rect class="slab" x=${percent(bar.x)} y=${TOP} width=${percent(bar.width)} height=${HEIGHT}></rect>
      ${bar.kind === "crash" ? svg`<svg class="edge" x=${end} y=${TOP}><path d="M0.5,-1 L-6,2 L-1,6 L-7,11 L-1,15 L-6,20 L0.5,23 Z"></path></svg>` : nothing}
      ${bar.isFolded ? svg`<svg class="edge" x=${percent(bar.x + bar.width / 2)} y=${TOP}><path d="M-6,23 L0,-1 L5,-1 L-1,23 Z"></path></svg>` : nothing}
      ${bar.width > 0.05 ? svg`<text class=${isRun ? "on-run" : "on-gap"} x=${percent(bar.x + bar.width / 2)} y=${TOP - 6}>${labelOf(bar)}</text>` : nothing}
    </g>
  `;
};

const classOf = ({ kind, outcome, isFolded, canFold }) =>
  ["part", kind, outcome ?? "", isFolded ? "folded" : "", canFold ? "can-fold" : ""]
    .filter(Boolean)
    .join(" ");

const labelOf = ({ kind, attempt, from, to, width }) => {
  if (kind === "run" || kind === "crash")
    return width > 0.16 ? `#${attempt} · ${duration(to - from)}` : `#${attempt}`;
  return duration(to - from);
};

const markOf = ({ epoch, x }) => svg`
  <line class="mark" x1=${percent(x)} x2=${percent(x)} y1=${TOP - 2} y2=${TOP + HEIGHT + 12}></line>
  <text class="mark-text" x=${percent(Math.min(0.9, Math.max(0.06, x)))} y=${TOP + HEIGHT + 13}>epoch ${epoch}</text>
`;

const headOf = (x) =>
  svg`<line class="head" x1=${percent(x)} x2=${percent(x)} y1="4" y2=${TOP + HEIGHT + 6}></line>`;

const ENDS = {
  ...{ done: "done", running: "still running", retry: "failed", failed: "failed, the last one" },
  ...{
    crashed: "its worker died",
    released: "given back",
    limited: "given back: the provider asked for a pause",
  },
};

const describePart = ({ kind, attempt, outcome, from, to, by, error, entries }) => {
  if (kind === "run" || kind === "crash")
    return `Attempt ${attempt}: ${duration(to - from)} on ${workerName(by)}, ${ENDS[outcome] ?? outcome}${error ? `: ${plain(error)}` : ""}`;
  if (kind === "earlier") return `${entries} earlier entries, no longer in the row`;
  return `${NAMES[kind]} ${duration(to - from)}`;
};

/** The same as a list of runs and the waits before them. */
export const attempts = (job, { now, model, unfolded, onUnfold }) => {
  const { bars } = layoutTimeline(job, { now, unfolded });
  return html`<ol class="attempts" tabindex="0" aria-label="Attempts">
    ${bars.filter(isWorthALine).map((bar) => itemOf(bar, { model, onUnfold }))}
  </ol>`;
};

/** Milliseconds of waiting for a slot that are not worth a line between two attempts. */
const BRIEF = 250;

const isWorthALine = ({ kind, from, to }, index) => index === 0 || kind !== "wait" || to - from >= BRIEF;

const SIGNS = { done: "✓", running: "●", retry: "↻", failed: "✕", crashed: "✕", released: "↩", limited: "↩" };

const itemOf = (bar, { model, onUnfold }) => {
  const took = duration(bar.to - bar.from);
  if (bar.kind === "run" || bar.kind === "crash")
    return html`<li class="attempt ${bar.outcome}">
      <span class="sign" aria-hidden="true">${SIGNS[bar.outcome] ?? "●"}</span>
      <span
        ><strong>Attempt ${bar.attempt}</strong>${bar.count > 1 ? ` (${bar.count} starts)` : ""},
        ${ENDS[bar.outcome] ?? bar.outcome} ${bar.outcome === "running" ? "for" : "after"} ${took} on
        ${workerName(bar.by, model)}${bar.error ? html`<span class="error-text">${plain(bar.error)}</span>` : nothing}</span
      >
      <time datetime=${new Date(bar.from).toISOString()}>${clock(bar.from)}</time>
    </li>`;
  return html`<li class="gap ${bar.kind}">
    <span class="sign" aria-hidden="true">·</span>
    <span
      >${bar.kind === "earlier" ? `${bar.entries} earlier entries, no longer in the row` : `${NAMES[bar.kind]} ${took}`}</span
    >
    ${bar.canFold ? html`<button type="button" class="link" @click=${() => onUnfold(bar.index)}>${bar.isFolded ? "Unfold" : "Fold"}</button>` : nothing}
  </li>`;
};
