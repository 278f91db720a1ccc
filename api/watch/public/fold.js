import { element } from "./elements.js";
import { remembered } from "./remembered.js";

/** Folded at first where there is one column only, so that the chosen job and the lanes are near the top. */
const FOLDED_WHEN_NARROW = new Set([
  "break",
  "tour",
  "story",
  "workers",
  "dead",
  "batches",
  "schedules",
  "results",
]);

const narrow = matchMedia("(width < 768px)");

/** Turns the headings of sections into buttons that fold them. A folded section is not drawn. */
export const createFolds = (sections) => {
  for (const section of sections) {
    const title = section.querySelector("h2");
    const content = section.querySelector(".content");
    content.id = `${section.id}-content`;
    const button = element("button", { type: "button", "aria-controls": content.id }, title.textContent);
    const choice = remembered(`offstage.watch.fold.${section.id}`, "");
    title.replaceChildren(button);

    const show = () => {
      const folded = choice.get()
        ? choice.get() === "folded"
        : narrow.matches && FOLDED_WHEN_NARROW.has(section.id);
      button.ariaExpanded = String(!folded);
      section.toggleAttribute("data-folded", folded);
      if (!folded) section.dispatchEvent(new Event("unfold"));
    };
    button.addEventListener("click", () => {
      choice.set(button.ariaExpanded === "true" ? "folded" : "open");
      show();
    });
    narrow.addEventListener("change", show);
    show();
  }
};
