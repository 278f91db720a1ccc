import { onSubmit, showPart } from "./form.js";
import { checkLink, readToken } from "./link.js";
import { offerNewMail } from "./new-mail.js";

const token = readToken();

// Requires a click, because mail scanners open every link.
onSubmit(document.querySelector("form"), "/v1/verify-email", {
  more: () => ({ token }),
  done: () => showPart("done"),
  failed: checkLink,
});

offerNewMail(document.querySelector("#again"));
