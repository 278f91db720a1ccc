import { html, nothing } from "./lit/lit-html.js";

/**
 * One thing that can be broken. Closed, it is a line with its state; open, it says what will be seen, and has the
 * switches. One is open at a time.
 */
export const breakageCard = ({ id, title, state, problem }, content) => html`
  <details class="breakage" name="breakage">
    <summary>
      <h3 id="break-${id}">${title}</h3>
      ${state ? html`<span class="breakage-state">${state}</span>` : nothing}
    </summary>
    <div class="breakage-body">
      ${content} ${problem ? html`<p class="outcome error">${problem}</p>` : nothing}
    </div>
  </details>
`;

/** What will be seen. The switches refer to it by its id. */
export const foreseenText = (id, text) => html`<p class="foreseen" id="foreseen-${id}">${text}</p>`;

/** A button that breaks something. */
export const breakButton = ({ id, label, off = false, busy = false }, act) => html`
  <button
    type="button"
    class="do breaks"
    aria-describedby="foreseen-${id}"
    aria-disabled=${off || busy}
    aria-busy=${busy}
    @click=${() => !off && !busy && act()}
  >
    ${label}
  </button>
`;
