import { post } from "./post.js";

/** Sends a form, shows errors next to their fields, and calls `done` or `refused` with the response. */
export const onSubmit = (form, path, { more = () => ({}), done = showMessage, refused = () => {} }) => {
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const began = performance.now();
    const { ok, body } = await post(path, { ...Object.fromEntries(new FormData(form)), ...more() });
    button.disabled = false;
    showErrors(form, body.errors ?? []);
    show(form.querySelector("[role=alert]"), ok || hasField(form, body.errors) ? undefined : reason(body));
    if (ok) done(body, performance.now() - began);
    else refused(body);
  });
};

/** Shows one of the page's parts in the place of the others. */
export const turnTo = (part) => {
  for (const each of document.querySelectorAll(".card > div")) each.hidden = each.id !== part;
};

const showMessage = ({ message }) => {
  document.querySelector("#done h1").textContent = message;
  turnTo("done");
};

export const show = (line, text) => {
  line.textContent = text ?? "";
  line.hidden = !text;
};

const showErrors = (form, errors) => {
  for (const input of form.querySelectorAll("input")) {
    const error = errors.find(({ field }) => field === input.name);
    input.setAttribute("aria-invalid", String(Boolean(error)));
    show(input.nextElementSibling, error?.message);
  }
  form.querySelector("[aria-invalid=true]")?.focus();
};

const hasField = (form, errors = []) => errors.some(({ field }) => form.elements.namedItem(field));

/** What was wrong, in one sentence. */
export const reason = ({ title, detail, errors: [error] = [] }) =>
  error?.message ?? [title, detail].filter(Boolean).join(" ");
