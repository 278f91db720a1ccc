import { onSubmit, showPart } from "./form.js";
import { checkLink, readToken } from "./link.js";

const token = readToken();

// Requires a click, because mail scanners open every link.
onSubmit(document.querySelector("form"), "/v1/account/deletion/cancel", {
  more: () => ({ token }),
  done: () => showPart("done"),
  failed: checkLink,
});
