import { send } from "./post.js";

/** Submits a form, shows the error of each field next to it, and calls `done` or `failed` with the response body. */
export const onSubmit = (form, path, { more = () => ({}), ...rest } = {}) =>
  onSave(form, {
    save: (fields) => send("POST", path, { ...fields, ...more() }),
    done: showMessage,
    ...rest,
  });

/**
 * Calls `save` with the fields of a form when it is submitted, and shows the response as `onSubmit` does. The button is
 * disabled in the HTML: before this runs, the browser would send the fields as a query string.
 */
export const onSave = (form, { save, read = readFields, done = () => {}, failed = () => {} }) => {
  const button = form.querySelector("button:not([type=button])");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const hadFocus = document.activeElement === button;
    button.disabled = true;
    const startedAt = performance.now();
    const { ok, body } = await save(read(form));
    button.disabled = false;
    // A disabled button loses the focus.
    if (hadFocus && document.activeElement === document.body) button.focus();
    showErrors(form, body.errors ?? []);
    show(form.querySelector("[role=alert]"), ok || hasField(form, body.errors) ? undefined : reason(body));
    if (ok) done(body, performance.now() - startedAt);
    else failed(body);
  });
  button.disabled = false;
};

const readFields = (form) => Object.fromEntries(new FormData(form));

/** Shows one part of the page and hides the others. */
export const showPart = (part) => {
  for (const each of document.querySelectorAll(".card > div")) each.hidden = each.id !== part;
};

export const showMessage = ({ message }) => {
  document.querySelector("#done h1").textContent = message;
  showPart("done");
};

export const show = (line, text) => {
  line.textContent = text ?? "";
  line.hidden = !text;
};

/** Removes what an earlier submission has shown. */
export const clearErrors = (form) => {
  showErrors(form, []);
  show(form.querySelector("[role=alert]"));
};

const showErrors = (form, errors) => {
  for (const line of form.querySelectorAll("label > .error")) {
    const input = line.parentElement.querySelector("input, select, textarea");
    const error = errors.find(({ field }) => field === input.name);
    input.setAttribute("aria-invalid", String(Boolean(error)));
    show(line, error?.message);
  }
  form.querySelector("[aria-invalid=true]")?.focus();
};

const hasField = (form, errors = []) => errors.some(({ field }) => form.elements.namedItem(field));

/** A problem as one line of text. */
export const reason = ({ title, detail, errors: [error] = [] }) =>
  error?.message ?? [title, detail].filter(Boolean).join(" ");
