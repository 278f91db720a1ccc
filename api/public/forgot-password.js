import { onSubmit } from "./form.js";

onSubmit(document.querySelector("form"), "/v1/password/forgot", {});
