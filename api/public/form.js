import { post } from "./post.js";

/** Sends the page's form, shows what is wrong beside each field, and resolves with the answer when all was right. */
export const onSubmit = (path, more, done) => {
  const form = document.querySelector("form");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const began = performance.now();
    const { ok, body } = await post(path, { ...Object.fromEntries(new FormData(form)), ...more() });
    button.disabled = false;
    showErrors(form, body.errors ?? []);
    show(form.querySelector("[role=alert]"), ok || hasField(form, body.errors) ? undefined : body.title);
    if (!ok) return;
    done(body, performance.now() - began);
    document.querySelector("#ask").hidden = true;
    document.querySelector("#done").hidden = false;
  });
};

const show = (line, text) => {
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
