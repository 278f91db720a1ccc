import { repeat } from "./lit/directives/repeat.js";
import { html } from "./lit/lit-html.js";
import { duration } from "./numbers.js";
import { createPanel } from "./panel.js";

/** What recurs, and when next. */
export const createSchedules = (section, context) => {
  const { model } = context;

  const row = ({ id, name, job, cadence, zone, nextRunAt, paused, userId, lastJobId }, now) =>
    html`<li data-schedule=${id} ?data-own=${userId}>
      <b>${name ?? job}</b>
      <span class="cadence">${cadence}<span class="zone"> ${zone}</span></span>
      <span class="due">${paused ? "paused" : until(nextRunAt, now)}</span>
      ${
        lastJobId
          ? html`<button type="button" class="link" @click=${() => context.select(lastJobId)}>
              last run<span class="unseen"> of ${name ?? job}</span>
            </button>`
          : html`<span class="quiet">no run yet</span>`
      }
    </li>`;

  const template = (now) => {
    section.closest("section").hidden = model.schedules.length === 0;
    return html`<ul class="schedules">
      ${repeat(
        model.schedules,
        ({ id }) => id,
        (each) => row(each, now),
      )}
    </ul>`;
  };

  createPanel(section, context, { template, concerns: (change) => change.schedules, everySecond: true });
};

const until = (nextRunAt, now) => {
  const left = Date.parse(nextRunAt) - now;
  return html`<time datetime=${nextRunAt}
    >${left > 0 ? `in ${left < 10_000 ? `${Math.ceil(left / 1_000)} s` : duration(left)}` : "due"}</time
  >`;
};
