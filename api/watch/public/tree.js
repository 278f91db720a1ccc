import { html, nothing, svg } from "./lit/lit-html.js";
import { glyphOf, wordsOf } from "./glyphs.js";
import { countsOf, forestOf, isSkipped, layoutForest } from "./tree-layout.js";
import { flowNameOf, nameOf, shortNameOf } from "./words.js";

/** Pixels of a cell with a node in it: between the narrowest and the widest, as many columns as fit. */
const NARROW = { width: 61, height: 46, node: { width: 49, height: 38 } };
const WIDE = { width: 176, height: 40, node: { width: 144, height: 30 } };

/** Below this width of a cell, a node has its name under its shape. */
const STACKED = 130;

const cellFor = (columns, room) => {
  const width = Math.min(WIDE.width, Math.max(NARROW.width, Math.floor(room / columns)));
  const isStacked = width < STACKED;
  const { height, node } = isStacked ? NARROW : WIDE;
  return {
    width,
    height,
    isStacked,
    node: { height: node.height, width: width - Math.max(12, Math.round(width * 0.18)) },
  };
};

/**
 * The flow as a nested list. On a wide page its items stand in columns, leaves first, joined by lines; on a narrow one, and
 * for screen readers, it is the list that it is.
 */
export const tree = (jobs, { selected, onSelect, room = Infinity, total = jobs.length }) => {
  const trees = forestOf(jobs);
  const layout = layoutForest(trees);
  const cell = cellFor(layout.columns, room);
  const size = { width: layout.columns * cell.width, height: layout.rows * cell.height };
  const places = new Map(layout.nodes.map((placed) => [placed.node, boxOf(placed, cell)]));
  const options = { selected, onSelect, places };
  return html`
    <div class="tree-scroll" tabindex="0" role="group" aria-label="Flow of ${total} jobs, leaves first">
      <div
        class="tree ${cell.isStacked ? "stacked" : ""}"
        data-width=${size.width}
        data-height=${size.height}
      >
        <svg class="edges" width=${size.width} height=${size.height} aria-hidden="true">
          ${arrows} ${layout.edges.map((edge) => edgeOf(edge, places, cell))}
        </svg>
        <ul class="nodes">
          ${trees.map((each) => treeItem(each, options))}
        </ul>
      </div>
    </div>
    ${layout.nodes.length > 1 ? html`<p class="edges-legend">solid: if it fails, its parent fails · dashed: its parent goes on without it · double: follow-up</p>` : nothing}
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
    node.style.setProperty("--width", `${node.dataset.width}px`);
    node.style.setProperty("--height", `${node.dataset.height}px`);
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

const boxOf = ({ column, row }, { width, height, node }) => ({
  ...{ x: column * width, y: row * height + (height - node.height) / 2 },
  ...node,
});

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
      data-x=${place.x}
      data-width=${place.width}
      data-height=${place.height}
      data-y=${place.y}
      aria-current=${job.id === selected ? "true" : nothing}
      aria-label="${spokenName(job)}${share}: ${words}${failureOf(job)}"
      title="${nameOf(job)}${share}: ${words}${failureOf(job)}"
      @click=${() => onSelect(job.id)}
    >
      <span class="glyph" aria-hidden="true">${skipped ? "–" : glyphOf(job.phase)}</span
      ><span class="name">${flowNameOf(job)}</span><span class="short">${shortNameOf(job)}</span
      ><span class="share">${share}</span>
    </button>
  `;
};

/** Contains what is seen, for speech recognition. */
const spokenName = (job) => {
  const [name, short] = [nameOf(job), shortNameOf(job)];
  return name.includes(short) ? name : `${short}, ${name}`;
};

const failureOf = ({ onFailure }) => {
  if (onFailure === "continue") return ". If it fails, its parent goes on without it";
  return onFailure === "fail-parent" ? ". If it fails, its parent fails" : "";
};

const groupNode = (node, { places }) => {
  const place = places.get(node);
  return html`<span
    class="node group"
    data-x=${place.x}
    data-width=${place.width}
    data-height=${place.height}
    data-y=${place.y}
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

const edgeOf = ({ kind, from, to, onFailure }, places, cell) => {
  const [start, end] = [places.get(from.node), places.get(to.node)];
  const d = pathBetween(
    { x: start.x + start.width, y: start.y + start.height / 2 },
    { x: end.x - 2, y: end.y + end.height / 2 },
    (cell.width - cell.node.width) / 2,
  );
  return svg`
    ${kind === "follow" ? svg`<path class="edge follow wide" d=${d}></path>` : nothing}
    <path class=${`edge ${kind} ${onFailure ?? ""}`} d=${d} marker-end=${kind === "follow" ? nothing : "url(#arrow)"}></path>
  `;
};

/** A line with two rounded corners, which goes up or down `before` pixels before its end. */
const pathBetween = (from, to, before) => {
  const rise = to.y - from.y;
  if (rise === 0) return `M${from.x},${from.y} H${to.x}`;
  const radius = Math.min(5, before, Math.abs(rise) / 2);
  const corner = Math.sign(rise) * radius;
  const x = to.x - before;
  return (
    `M${from.x},${from.y} H${x - radius} Q${x},${from.y} ${x},${from.y + corner} ` +
    `V${to.y - corner} Q${x},${to.y} ${x + radius},${to.y} H${to.x}`
  );
};
