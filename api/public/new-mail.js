import { onSubmit, show } from "./form.js";

/** Lets a form ask for a new mail that verifies an address: one of its fields, or what `more` gives. */
export const offerNewMail = (form, more) => {
  const status = form.querySelector("[role=status]");
  onSubmit(form, "/v1/verify-email/resend", {
    more,
    done: ({ message }) => show(status, message),
    refused: () => show(status),
  });
};
