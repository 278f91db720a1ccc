import { onSubmit } from "./form.js";
import { offerNewMail } from "./new-mail.js";
import { keepInLinks, returnTo } from "./return.js";

const login = document.querySelector("form");
const again = document.querySelector("#again");

keepInLinks();

onSubmit(login, "/v1/login", {
  ...(returnTo && { done: () => location.assign(returnTo) }),
  failed: ({ type }) => {
    again.hidden = type !== "/problems/wrong-credentials";
  },
});

offerNewMail(again, () => ({ email: login.elements.email.value }));
