import { html, nothing } from "./lit/lit-html.js";

/** The question of a step with its three outcomes. `done` is what has happened, once it has. */
export const predictCard = (step, { chosen, done, busy }, choose) => html`
  <fieldset class="predict">
    <legend>${step.question}</legend>
    ${step.predict.map((text, index) => outcome(step, text, index, { chosen, done, busy }, choose))}
  </fieldset>
`;

const outcome = ({ name }, text, index, { chosen, done, busy }, choose) => html`
  <label class=${classOf(index, done)}>
    <input
      type="radio"
      name="predict-${name}"
      value=${index}
      .checked=${chosen === index}
      ?disabled=${busy || done !== undefined}
      @change=${() => choose(index)}
    />
    <span>${text}${markOf(index, chosen, done)}</span>
  </label>
`;

const classOf = (index, done) => (done?.outcome === index ? "option happened" : "option");

const markOf = (index, chosen, done) => {
  if (done === undefined) return nothing;
  if (done.outcome === index)
    return html` <strong>${chosen === index ? "✓ as you predicted" : "← this has happened"}</strong>`;
  return chosen === index && done.outcome !== undefined ? html` <em>your prediction</em>` : nothing;
};
