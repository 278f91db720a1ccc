import { post } from "./post.js";

const form = document.querySelector("form");
const button = form.querySelector("button");
const alertLine = form.querySelector("[role=alert]");

const show = (line, text) => {
  line.textContent = text ?? "";
  line.hidden = !text;
};

const showErrors = (errors) => {
  for (const input of form.querySelectorAll("input")) {
    const error = errors.find(({ field }) => field === input.name);
    input.setAttribute("aria-invalid", String(Boolean(error)));
    show(input.nextElementSibling, error?.message);
  }
  form.querySelector("[aria-invalid=true]")?.focus();
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  const began = performance.now();
  const { ok, body } = await post("/v1/signup", Object.fromEntries(new FormData(form)));
  button.disabled = false;
  showErrors(body.errors ?? []);
  show(alertLine, ok || body.errors ? undefined : body.title);
  if (!ok) return;
  document.querySelector("#took").textContent = `${Math.round(performance.now() - began)} ms`;
  document.querySelector("#ask").hidden = true;
  document.querySelector("#done").hidden = false;
});
