import { onSubmit, show } from "./form.js";

/** Makes a form request a new verification mail, for the address in a field of the form or in `more`. */
export const offerNewMail = (form, more) => {
  const status = form.querySelector("[role=status]");
  onSubmit(form, "/v1/verify-email/resend", {
    more,
    done: ({ message }) => show(status, message),
    failed: () => show(status),
  });
};
