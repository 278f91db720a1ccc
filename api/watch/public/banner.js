import { listBroken } from "./broken.js";
import { html, render } from "./lit/lit-html.js";

/** One line below the header while something is broken. It stays in the document, so that it can be announced. */
export const createBanner = (holder, { model, clock, call, say }) => {
  let last = "";
  const repair = async () => {
    const { ok, body } = await call("POST", "/watch/control/reset", {});
    say(ok ? "Everything is repaired" : `The repair failed: ${body?.title ?? "no connection"}`);
  };
  const draw = () => {
    const broken = listBroken(model);
    const text = broken.join("|");
    if (text === last) return;
    last = text;
    holder.hidden = broken.length === 0;
    render(
      html`<strong>Broken on purpose</strong>
        <ul>
          ${broken.map((each) => html`<li>${each}</li>`)}
        </ul>
        <button type="button" @click=${repair}>Repair all</button>`,
      holder,
    );
  };
  model.subscribe((change) => (change.breaks || change.workers) && clock.nextFrame(draw));
};
