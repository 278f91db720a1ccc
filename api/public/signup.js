import { onSubmit } from "./form.js";
import { post } from "./post.js";

const ask = document.querySelector("#ask form");
const redeem = document.querySelector("#redeem");
const heading = document.querySelector("#done h1");

onSubmit(
  "/v1/signup",
  () => ({}),
  (_body, ms) => {
    document.querySelector("#took").textContent = `${Math.round(ms)} ms`;
    redeem.hidden = false;
  },
);

redeem.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = { email: ask.elements.email.value, code: redeem.elements.code.value.trim() };
  const { ok, body } = await post("/v1/verify-email/code", fields);
  const error = redeem.querySelector(".error");
  error.textContent = ok ? "" : (body.errors?.[0]?.message ?? body.title);
  error.hidden = ok;
  if (!ok) return;
  heading.textContent = "Your address is verified";
  redeem.hidden = true;
  for (const line of document.querySelectorAll("#done p")) line.hidden = true;
  document.querySelector("#next").hidden = false;
});
