import { element } from "./elements.js";

/** Keys of the whole page. The others are the browser's own. */
const KEYS = [
  ["p", "Pause or resume what is shown"],
  ["c", "Calm: nothing travels"],
  ["?", "This list"],
  ["← →", "Next or previous job of a lane"],
  ["Enter", "Show the job"],
  ["Esc", "Close the job"],
];

const dialog = () => document.querySelector("#keys");

export const openKeys = () => {
  const list = dialog().querySelector("dl");
  if (list.childElementCount === 0) {
    for (const [key, text] of KEYS) {
      const term = element("dt");
      term.append(element("kbd", {}, key));
      list.append(term, element("dd", {}, text));
    }
  }
  dialog().showModal();
};

/** Single keys do nothing while a text is typed, nor together with a modifier. */
export const listenToKeys = (actions) => {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || dialog().open) return;
    const action = { ...actions, "?": openKeys }[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
};

const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable]") !== null;
