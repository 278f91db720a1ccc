import { onSubmit, showPart } from "./form.js";
import { offerNewMail } from "./new-mail.js";
import { keepInLinks } from "./return.js";

const ask = document.querySelector("#ask form");
const redeem = document.querySelector("#redeem");
const again = document.querySelector("#again");
const email = () => ({ email: ask.elements.email.value });

keepInLinks();

onSubmit(ask, "/v1/signup", {
  done: (_body, ms) => {
    document.querySelector("#took").textContent = `${Math.round(ms)} ms`;
    showPart("done");
    redeem.hidden = false;
    again.hidden = false;
  },
});

onSubmit(redeem, "/v1/verify-email/code", {
  more: () => ({ ...email(), code: redeem.elements.code.value.trim() }),
  done: () => {
    redeem.hidden = true;
    again.hidden = true;
    showPart("verified");
  },
});

offerNewMail(again, email);
