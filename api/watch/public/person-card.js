import { html, nothing } from "./lit/lit-html.js";
import { hasReached } from "./person.js";

const STAGES = [
  ["signed-up", "signed up"],
  ["verified", "verified"],
  ["in", "logged in"],
];

/** Who the visitor's person is, and how far it has come. */
export const personCard = (person, { onChoose, onAnother }) => html`
  <div class="person">
    <p class="person-name">
      <bdi>${person.name}</bdi
      >${person.place ? html` <span class="quiet">from ${person.place}</span>` : nothing}
    </p>
    <p class="person-address">${person.email}</p>
    <ul class="stages" aria-label="How far this person has come">
      ${STAGES.map(([stage, label]) => html`<li class=${hasReached(person, stage) ? "reached" : ""}>${hasReached(person, stage) ? "✓" : "○"} ${label}${hasReached(person, stage) ? nothing : html`<span class="unseen">: not yet</span>`}</li>`)}
    </ul>
    ${person.stage === "new" ? html`<button type="button" class="plain" @click=${onAnother}>Make up another</button>` : nothing}
    <details class="choose">
      <summary>Choose your own</summary>
      ${form(onChoose)}
    </details>
  </div>
`;

const form = (onChoose) => html`
  <form @submit=${(event) => submit(event, onChoose)}>
    <label>Name <input name="name" required maxlength="100" autocomplete="off" /></label>
    <label>Email address <input name="email" type="email" required autocomplete="off" /></label>
    <label
      >Password <input name="password" required minlength="10" maxlength="200" autocomplete="off"
    /></label>
    <p class="quiet">
      No mail leaves this machine, and this tab remembers the password: use none that you use elsewhere.
    </p>
    <button type="submit">Sign up</button>
  </form>
`;

const submit = (event, onChoose) => {
  event.preventDefault();
  const { name, email, password } = Object.fromEntries(new FormData(event.target));
  onChoose({ name, email, password, place: undefined });
  event.target.closest("details").open = false;
};
