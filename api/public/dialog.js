/** Makes the buttons of the class `close` close their dialog. */
export const prepareDialog = (dialog) => {
  for (const button of dialog.querySelectorAll(".close"))
    button.addEventListener("click", () => dialog.close());
  return dialog;
};

/** Asks a question in the dialog #confirm. Resolves with whether the answer is yes. */
export const confirmed = ({ title, text, action }) => {
  const dialog = document.querySelector("#confirm");
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("p").textContent = text;
  dialog.querySelector("[value=yes]").textContent = action;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
};
