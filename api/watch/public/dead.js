import { repeat } from "./lit/directives/repeat.js";
import { html, nothing } from "./lit/lit-html.js";
import { count, plural } from "./numbers.js";
import { createPanel } from "./panel.js";
import { shortId } from "./phases.js";

const JOBS_PER_GROUP = 5;

/** The dead letter: jobs that need a person, grouped by their error. They are never deleted by replaying. */
export const createDead = (section, context) => {
  const { model, call, say } = context;

  const retry = async (body, path = "/watch/control/jobs/retry") => {
    const { ok, body: answer } = await call("POST", path, body);
    say(
      ok
        ? `${plural(answer.count ?? 1, "job")} replayed`
        : `Not replayed: ${answer?.title ?? "no connection"}`,
    );
  };

  const jobsOf = ({ name, kind, error }) =>
    [...model.jobs.values()].filter(
      (job) =>
        job.phase === "dead" &&
        job.name === name &&
        (job.history.at(-1)?.kind ?? null) === kind &&
        firstLine(job.error) === firstLine(error),
    );

  const row = (job) =>
    html`<li>
      <button type="button" class="link" @click=${() => context.select(job.id)}>${shortId(job.id)}</button>
      <button type="button" class="small" @click=${() => retry({}, `/watch/control/jobs/${job.id}/retry`)}>
        Replay<span class="unseen"> ${job.name} ${shortId(job.id)}</span>
      </button>
    </li>`;

  const group = (each) => {
    const jobs = jobsOf(each);
    return html`<li class="group" data-name=${each.name} data-kind=${each.kind ?? ""}>
      <p>
        <b>${each.name}</b> <span class="kind">${each.kind ?? ""}</span>
        <span class="count">${plural(each.count, "job")}</span>
      </p>
      <p class="cause" title=${each.error ?? ""}>${firstLine(each.error)}</p>
      <ul class="work">
        ${repeat(jobs.slice(0, JOBS_PER_GROUP), ({ id }) => id, row)}
      </ul>
      ${
        each.count > 1 && jobs.length > 0
          ? html`<button type="button" class="small" @click=${() => retry({ ids: jobs.map(({ id }) => id) })}>
              Replay ${jobs.length < each.count ? `the newest ${jobs.length}` : `these ${count(jobs.length)}`}
            </button>`
          : nothing
      }
    </li>`;
  };

  const template = () => {
    const { total, capped, kinds } = model.dead;
    if (total === 0) return html`<p class="none">Empty. A job comes here when no retry could help.</p>`;
    return html`<ul class="groups">
        ${repeat(kinds, ({ name, kind, error }) => `${name}|${kind}|${error}`, group)}
      </ul>
      ${
        kinds.length > 1
          ? html`<button type="button" class="small all" @click=${() => replayAll(kinds)}>
              Replay all ${count(total)}${capped ? "+" : ""}
            </button>`
          : nothing
      }`;
  };

  const replayAll = async (kinds) => {
    for (const name of new Set(kinds.map((each) => each.name))) await retry({ name });
  };

  createPanel(section, context, {
    template,
    concerns: (change) =>
      change.dead ||
      change.jobs.some(({ before, after }) => after.phase === "dead" || before?.phase === "dead"),
  });
};

const firstLine = (error) => (error ?? "").split("\n", 1)[0];
