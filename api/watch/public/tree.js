import { html, nothing, svg } from "./lit/lit-html.js";
import { glyphOf, wordsOf } from "./glyphs.js";
import { countsOf, forestOf, isSkipped, layoutForest } from "./tree-layout.js";
import { nameOf } from "./words.js";

/** Pixels of a cell, and of the node in it. */
const CELL = { width: 172, height: 40 };
const NODE = { width: 136, height: 30 };

/**
 * The flow as a nested list. On a wide page its items stand in columns, leaves first, joined by lines; on a narrow one, and
 * for screen readers, it is the list that it is.
 */
export const tree = (jobs, { selected, onSelect, total = jobs.length }) => {
  const trees = forestOf(jobs);
  const layout = layoutForest(trees);
  const size = { width: layout.columns * CELL.width, height: layout.rows * CELL.height };
  const places = new Map(layout.nodes.map((placed) => [placed.node, placed]));
  const options = { selected, onSelect, places };
  return html`
    <div class="tree-scroll" tabindex="0" role="group" aria-label="Flow of ${total} jobs, leaves first">
      <div class="tree" data-width=${size.width} data-height=${size.height}>
        <svg class="edges" width=${size.width} height=${size.height} aria-hidden="true">
          ${arrows} ${layout.edges.map(edgeOf)}
        </svg>
        <ul class="nodes">
          ${trees.map((each) => treeItem(each, options))}
        </ul>
      </div>
    </div>
    ${total > jobs.length ? html`<p class="quiet">${jobs.length} of ${total} jobs are shown.</p>` : nothing}
  `;
};

/** Moves the nodes to their places: styles are set from code, because the page allows none in its markup. */
export const placeNodes = (section) => {
  for (const box of section.querySelectorAll(".tree")) {
    box.style.setProperty("--tree-width", `${box.dataset.width}px`);
    box.style.setProperty("--tree-height", `${box.dataset.height}px`);
  }
  for (const node of section.querySelectorAll(".node")) {
    node.style.setProperty("--x", `${node.dataset.x}px`);
    node.style.setProperty("--y", `${node.dataset.y}px`);
  }
};

const treeItem = ({ root, follows }, options) => html`
  ${nodeItem(root, options)}
  ${
    follows.length > 0
      ? html`<li class="follow">
          <span class="label">then, after the commit</span>
          <ul>
            ${follows.map((each) => treeItem(each, options))}
          </ul>
        </li>`
      : nothing
  }
`;

const nodeItem = (node, options) => html`
  <li>
    ${node.job ? jobNode(node, options) : groupNode(node, options)}
    ${
      node.children.length > 0
        ? html`<ul>
            ${node.children.map((child) => nodeItem(child, options))}
          </ul>`
        : nothing
    }
  </li>
`;

const leftOf = ({ column }) => column * CELL.width;
const topOf = ({ row }) => row * CELL.height + (CELL.height - NODE.height) / 2;

const jobNode = (node, { selected, onSelect, places }) => {
  const { job } = node;
  const place = places.get(node);
  const skipped = isSkipped(job);
  const words = skipped ? "skipped, not needed" : wordsOf(job.phase);
  const share =
    job.phase === "running" && typeof job.progress === "number" ? ` ${Math.floor(job.progress * 100)} %` : "";
  return html`
    <button
      type="button"
      class="node ${job.phase} ${skipped ? "skipped" : ""}"
      data-id=${job.id}
      data-phase=${job.phase}
      data-x=${leftOf(place)}
      data-y=${topOf(place)}
      aria-current=${job.id === selected ? "true" : nothing}
      aria-label="${nameOf(job)}: ${words}${share}${failureOf(job)}"
      title="${nameOf(job)}: ${words}${share}${failureOf(job)}"
      @click=${() => onSelect(job.id)}
    >
      <span class="glyph" aria-hidden="true">${skipped ? "–" : glyphOf(job.phase)}</span
      ><span class="name">${nameOf(job)}</span><span class="share">${share}</span>
    </button>
  `;
};

const failureOf = ({ onFailure }) => {
  if (onFailure === "continue") return ". If it fails, its parent goes on without it";
  return onFailure === "fail-parent" ? ". If it fails, its parent fails" : "";
};

const groupNode = (node, { places }) => {
  const place = places.get(node);
  return html`<span
    class="node group"
    data-x=${leftOf(place)}
    data-y=${topOf(place)}
    title=${countsOf(node.all)}
  >
    <span class="name">${countsOf(node.group)}</span>
  </span>`;
};

const arrows = svg`
  <defs>
    <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0,0 L8,4 L0,8 Z"></path></marker>
  </defs>
`;

const middleOf = (place) => topOf(place) + NODE.height / 2;

const edgeOf = ({ kind, from, to, onFailure }) => {
  const x1 = leftOf(from) + NODE.width;
  const x2 = leftOf(to) - 2;
  const [y1, y2] = [middleOf(from), middleOf(to)];
  const bend = x2 - (CELL.width - NODE.width) / 2;
  const d =
    y1 === y2
      ? `M${x1},${y1} H${x2}`
      : `M${x1},${y1} H${bend - 6} Q${bend},${y1} ${bend},${y1 + Math.sign(y2 - y1) * Math.min(6, Math.abs(y2 - y1) / 2)} V${y2 - Math.sign(y2 - y1) * Math.min(6, Math.abs(y2 - y1) / 2)} Q${bend},${y2} ${Math.min(bend + 6, x2)},${y2} H${x2}`;
  const classes = `edge ${kind} ${onFailure ?? ""}`;
  return svg`
    ${kind === "follow" ? svg`<path class="edge follow wide" d=${d}></path>` : nothing}
    <path class=${classes} d=${d} marker-end="url(#arrow)"></path>
  `;
};
