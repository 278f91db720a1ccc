import { onSubmit } from "./form.js";
import { offerNewMail } from "./new-mail.js";

const login = document.querySelector("form");
const again = document.querySelector("#again");

onSubmit(login, "/v1/login", {
  failed: ({ type }) => {
    again.hidden = type !== "/problems/wrong-credentials";
  },
});

offerNewMail(again, () => ({ email: login.elements.email.value }));
