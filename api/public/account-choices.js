import { button, make } from "./elements.js";
import { reason } from "./form.js";
import { load, request } from "./session.js";

const CHANNELS = ["inApp", "push", "mail"];

const rows = document.querySelector("#choices tbody");
const state = document.querySelector("#choices-state");
const switches = document.querySelector("#switches");

/** How many savings are in progress, and the lines of those that have failed. */
let saving = 0;
const failed = new Set();

const showState = () => {
  if (saving > 0) state.textContent = "Saving…";
  else state.textContent = failed.size > 0 ? "Some changes are not saved." : "All changes are saved.";
};

/** Lets the user turn whole channels on and off, and choose the channels of each kind of notification. */
export const prepareChoices = async (me) => {
  const { email, push } = me.notifications;
  prepareSwitch("email", email, () => showWhole("mail", "email"));
  prepareSwitch("push", push, () => showWhole("push", "push"));
  const choices = await load("/v1/notification-choices");
  if (!choices) return;
  rows.replaceChildren(...choices.items.map(makeRow));
  showWhole("mail", "email");
  showWhole("push", "push");
};

const boxOf = (name) => switches.querySelector(`[name=${name}]`);

const prepareSwitch = (name, isOn, onChange) => {
  const box = boxOf(name);
  const line = make("p", { className: "error", hidden: true });
  line.role = "alert";
  box.closest("div").append(line);
  box.checked = isOn;
  const save = createSaving(line, {
    send: () => request("PATCH", "/v1/me", { notifications: { [name]: box.checked } }),
    changed: () => box,
  });
  box.addEventListener("change", () => {
    onChange();
    void save();
  });
};

/** A channel that is off as a whole cannot be chosen for a kind. What was chosen stays. */
const showWhole = (channel, name) => {
  const isOn = boxOf(name).checked;
  for (const box of rows.querySelectorAll(`[name=${channel}]`))
    box.disabled = "required" in box.dataset || !isOn;
};

const makeRow = ({ kind, label, mailRequired, ...channels }) => {
  const name = make("span", { id: `kind-${kind}`, textContent: label });
  const line = make("p", { className: "error", hidden: true });
  line.role = "alert";
  let changed;
  const boxes = CHANNELS.map((channel) => {
    const box = make("input", { type: "checkbox", name: channel, checked: channels[channel] });
    box.setAttribute("aria-labelledby", `choice-${channel} kind-${kind}`);
    if (channel === "mail" && mailRequired) box.dataset.required = "";
    box.addEventListener("change", () => {
      changed = box;
      void save();
    });
    return box;
  });
  const read = () => Object.fromEntries(boxes.map(({ name, checked }) => [name, checked]));
  const save = createSaving(line, {
    send: () => request("PUT", `/v1/notification-choices/${kind}`, read()),
    changed: () => changed,
  });
  const always = mailRequired
    ? make("span", { className: "quiet", textContent: " (always by email)" })
    : undefined;
  const head = make("th", { scope: "row" }, name, always, line);
  return make("tr", {}, head, ...boxes.map((box) => make("td", {}, make("label", {}, box))));
};

/**
 * Returns a function that sends what is chosen, one request at a time, so that the last choice is the one that stays.
 * After a failure, the choice stays on the page, and `line` offers to save it again. `changed` is the box that gets the
 * focus when that offer disappears.
 */
const createSaving = (line, { send, changed }) => {
  let isBusy = false;
  let isStale = false;
  const save = async () => {
    isStale = true;
    if (isBusy) return;
    isBusy = true;
    saving += 1;
    showState();
    let response;
    while (isStale) {
      isStale = false;
      response = await send();
    }
    isBusy = false;
    saving -= 1;
    showFailure(response);
    showState();
  };
  const showFailure = ({ ok, body }) => {
    if (line.contains(document.activeElement)) changed().focus();
    line.hidden = ok;
    line.replaceChildren();
    if (ok) return void failed.delete(line);
    failed.add(line);
    line.append(
      `Not saved. ${reason(body)} `,
      button("Save again", { onClick: save, className: "plain retry" }),
    );
  };
  return save;
};
