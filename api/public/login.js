import { onSubmit, showMessage } from "./form.js";
import { offerNewMail } from "./new-mail.js";
import { keepInLinks, returnTo } from "./return.js";

const login = document.querySelector("form");
const again = document.querySelector("#again");

keepInLinks();

const goOn = (body) => {
  // The page to return to would not say it.
  if (body.deletionCancelled) showKept();
  else if (returnTo) location.assign(returnTo);
  else showMessage(body);
};

const showKept = () => {
  showMessage({ message: "Your account is kept: the deletion was cancelled" });
  const link = document.querySelector("#return");
  if (returnTo) link.href = returnTo;
  link.parentElement.hidden = !returnTo;
};

onSubmit(login, "/v1/login", {
  done: goOn,
  failed: ({ type }) => {
    again.hidden = type !== "/problems/wrong-credentials";
  },
});

offerNewMail(again, () => ({ email: login.elements.email.value }));
