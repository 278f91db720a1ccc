import { onSave, clearErrors, reason } from "/form.js";
import { send } from "/post.js";
import { request, say, showProblem } from "/session.js";

const dialog = document.querySelector("#again");
const form = dialog.querySelector("form");
let isDone = false;

onSave(form, {
  save: (fields) => send("POST", "/v1/admin/reauthenticate", fields),
  done: () => {
    isDone = true;
    dialog.close();
  },
});
dialog.querySelector(".close").addEventListener("click", () => dialog.close());

/** Asks for the password. Resolves with whether it was right. */
const reauthenticate = () => {
  isDone = false;
  form.reset();
  clearErrors(form);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(isDone), { once: true });
  });
};

/** Sends a change, and asks for the password first if it is needed. Undefined if the dialog was cancelled. */
export const sendFresh = async (method, path, data) => {
  const response = await request(method, path, data);
  if (response.body.type !== "/problems/reauthentication-required") return response;
  return (await reauthenticate()) ? request(method, path, data) : undefined;
};

/** The same with its outcome on the page. Resolves with whether it was done. */
export const change = async (method, path, { data, done }) => {
  const response = await sendFresh(method, path, data);
  if (!response) return false;
  if (response.status !== 401) showProblem(response.ok ? undefined : reason(response.body));
  if (response.ok) say(done);
  return response.ok;
};
