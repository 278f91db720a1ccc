import { onSave } from "./form.js";
import { request, say } from "./session.js";

const form = document.querySelector("#change-password");
const { elements: fields } = form;
const done = form.querySelector(".done");

/** Shows that a password is wrong next to the field in which it was typed. */
export const withWrongPassword = ({ body, ...response }, field) =>
  body.type === "/problems/wrong-password"
    ? { ...response, body: { ...body, errors: [{ field, message: body.title }] } }
    : { ...response, body };

/** Lets the user change the password. `onChanged` is called afterwards: the other sessions have ended. */
export const preparePassword = (me, { onChanged }) => {
  // For password managers, which store the password for this address.
  fields.username.value = me.email;
  form.addEventListener("input", () => (done.hidden = true));
  onSave(form, {
    read: () => ({ currentPassword: fields.currentPassword.value, newPassword: fields.newPassword.value }),
    save: async (data) =>
      withWrongPassword(await request("POST", "/v1/password/change", data), "currentPassword"),
    done: ({ message }) => {
      form.reset();
      fields.username.value = me.email;
      done.hidden = false;
      say(message);
      onChanged();
    },
  });
};
