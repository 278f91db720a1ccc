import { count } from "./numbers.js";
import { html, render } from "./lit/lit-html.js";

const MODES = {
  refuse: "is down",
  reject: "rejects everything",
  slow: "is slow",
  hang: "never answers",
  limit: "limits the rate",
  credentials: "refuses our credentials",
};

const PROVIDERS = { mail: "Mail", transcription: "Transcription", push: "Push" };

/** What is broken at the moment, in words. */
export const listBreaks = ({ breaks, workers }) => {
  const broken = Object.entries(breaks.providers)
    .filter(([, mode]) => MODES[mode])
    .map(([provider, mode]) => `${PROVIDERS[provider] ?? provider} ${MODES[mode]}`);
  if (breaks.paused.length > 0) broken.push(`Paused: ${breaks.paused.join(", ")}`);
  if (isRunning(breaks.flood)) broken.push(floodInWords(breaks.flood));
  if (workers.length > 0 && workers.every(({ alive }) => !alive)) broken.push("No worker is alive");
  return broken;
};

const isRunning = (flood) => flood && !flood.endedAt;

const floodInWords = ({ kind, accepted, wanted }) =>
  `${kind === "rain" ? "Rain" : "Flood"}: ${count(accepted)} of ${count(wanted)}`;

/** One line below the header while something is broken. It stays in the document, so that it can be announced. */
export const createBanner = (holder, { model, clock, call, say }) => {
  let last = "";
  const repair = async () => {
    const { ok, body } = await call("POST", "/watch/control/reset", {});
    say(ok ? "Everything is repaired" : `The repair failed: ${body?.title ?? "no connection"}`);
  };
  const draw = () => {
    const broken = listBreaks(model);
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
