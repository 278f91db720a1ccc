import { render } from "./lit/lit-html.js";

/**
 * Draws a panel with lit-html, at most once per frame, when `concerns(change)` and once a second if it shows ages. A panel
 * that is used with the keyboard or the pointer keeps its rows: lit-html changes texts and keeps nodes.
 */
export const createPanel = (section, { model, clock }, { template, concerns, everySecond }) => {
  const draw = (now) => {
    if (section.closest("[data-folded]")) return;
    render(template(now), section);
  };
  model.subscribe((change) => concerns(change) && clock.nextFrame(draw));
  if (everySecond) clock.every(1_000, draw);
  section.closest("section").addEventListener("unfold", () => clock.nextFrame(draw));
  clock.nextFrame(draw);
};
