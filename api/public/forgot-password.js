import { onSubmit } from "./form.js";

const tell = ({ message }) => {
  document.querySelector("#done h1").textContent = message;
};

onSubmit("/v1/password/forgot", () => ({}), tell);
