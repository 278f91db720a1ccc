import { onSubmit } from "./form.js";

onSubmit(
  "/v1/signup",
  () => ({}),
  (_body, ms) => {
    document.querySelector("#took").textContent = `${Math.round(ms)} ms`;
  },
);
