import { onSubmit } from "./form.js";
import { checkLink, readToken } from "./link.js";

const token = readToken();

onSubmit(document.querySelector("form"), "/v1/password/reset", {
  more: () => ({ token }),
  failed: checkLink,
});
