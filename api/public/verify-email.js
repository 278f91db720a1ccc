import { onSubmit, turnTo } from "./form.js";
import { checkLink, readToken } from "./link.js";
import { offerNewMail } from "./new-mail.js";

const token = readToken();

// A click, and not the page's opening, redeems the link: mail scanners open every link once.
onSubmit(document.querySelector("form"), "/v1/verify-email", {
  more: () => ({ token }),
  done: () => turnTo("done"),
  refused: checkLink,
});

offerNewMail(document.querySelector("#again"));
