import { repeat } from "./lit/directives/repeat.js";
import { html } from "./lit/lit-html.js";
import { count } from "./numbers.js";
import { createPanel } from "./panel.js";

/** Batches of the last hour, each as one bar: done, dead and open. */
export const createBatches = (section, context) => {
  const { model } = context;
  const template = () => {
    section.closest("section").hidden = model.batches.length === 0;
    return html`<ul class="batches">
      ${repeat(model.batches, ({ id }) => id, batch)}
    </ul>`;
  };
  createPanel(section, context, { template, concerns: (change) => change.batches });
};

const batch = ({ id, name, total, open, dead, done }) =>
  html`<li data-batch=${id}>
    <p>
      <b>${name}</b>
      <span class="count"
        >${count(done)} of ${count(total)}
        done${dead > 0 ? `, ${count(dead)} dead` : ""}${open > 0 ? `, ${count(open)} open` : ""}</span
      >
    </p>
    <progress max=${total} .value=${done + dead} aria-label="Progress of ${name}"></progress>
  </li>`;
