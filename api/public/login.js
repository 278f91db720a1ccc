import { onSubmit, showMessage } from "./form.js";
import { offerNewMail } from "./new-mail.js";
import { takePlace } from "./return-to.js";

const login = document.querySelector("form");
const again = document.querySelector("#again");

onSubmit(login, "/v1/login", {
  done: (body) => {
    const place = takePlace();
    if (place) location.replace(place);
    else showMessage(body);
  },
  failed: ({ type }) => {
    again.hidden = type !== "/problems/wrong-credentials";
  },
});

offerNewMail(again, () => ({ email: login.elements.email.value }));
