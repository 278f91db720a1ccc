import { onSubmit } from "./form.js";

const tell = ({ message }) => {
  document.querySelector("#done h1").textContent = message;
};

onSubmit("/v1/password/reset", () => ({ token: location.hash.slice(1) }), tell);
