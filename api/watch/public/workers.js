import { repeat } from "./lit/directives/repeat.js";
import { html, nothing } from "./lit/lit-html.js";
import { age, plural } from "./numbers.js";
import { createPanel } from "./panel.js";
import { shortId } from "./phases.js";
import { serves } from "./words.js";

/** As in workers/core: a worker without a heartbeat for this long is dead. */
const DEAD_AFTER_MS = 10_000;

/** A heart beats every 3 s. Later than this, it is said. */
const SILENT_MS = 4_500;

const JOBS_SHOWN = 6;

/** A dead worker keeps its desk for this long. Later it is only counted. */
const REMEMBERED_MS = 60_000;

/** One desk per worker: who it is, when it was last heard, what it works on. */
export const createWorkers = (section, context) => {
  const { model, call, say } = context;

  const kill = async (id) => {
    const name = model.workerName(id);
    const { ok, body } = await call("POST", `/watch/control/workers/${encodeURIComponent(id)}/kill`, {});
    say(ok ? `${name} is killed` : `${name} was not killed: ${body?.title ?? "no connection"}`);
  };

  const desk = (worker, now) => {
    const running = [...model.jobs.values()].filter(
      (job) => job.phase === "running" && job.startedBy === worker.id,
    );
    const silent = now - Date.parse(worker.seenAt);
    const isAlive = worker.alive && silent < DEAD_AFTER_MS;
    const state = isAlive ? (silent > SILENT_MS ? "silent" : "alive") : "dead";
    return html`<li class="desk" data-worker=${worker.id} data-state=${state}>
      <h3>${model.workerName(worker.id)} <span class="serves">${serves(worker, model)}</span></h3>
      <p class="facts">
        <span>pid ${worker.about?.pid ?? "?"}</span><span class="host">${worker.about?.host ?? ""}</span
        ><span class="heart"
          >${silent > SILENT_MS ? `silent for ${age(silent)}` : `heartbeat ${age(silent)} ago`}</span
        >
      </p>
      ${isAlive ? slots(worker.about, running.length) : html`<p class="next">${whatHappensNext(running)}</p>`}
      <ul class="work">
        ${running.slice(0, JOBS_SHOWN).map(
          (job) =>
            html`<li>
              <button type="button" class="link" @click=${() => context.select(job.id)}>
                ${job.name} ${shortId(job.id)}
              </button>
            </li>`,
        )}
        ${running.length > JOBS_SHOWN ? html`<li class="quiet">+${running.length - JOBS_SHOWN}</li>` : nothing}
      </ul>
      ${
        isAlive
          ? html`<button type="button" class="kill" @click=${() => kill(worker.id)}>
              Kill<span class="unseen"> ${model.workerName(worker.id)}</span> <small>SIGKILL</small>
            </button>`
          : nothing
      }
    </li>`;
  };

  const template = (now) => {
    const isShown = ({ alive, seenAt }) => alive || now - Date.parse(seenAt) < REMEMBERED_MS;
    const workers = model.workers.filter(isShown).toSorted(byStart);
    const ended = model.workers.length - workers.length;
    if (model.workers.length === 0)
      return html`<p class="none">No worker is known. Jobs wait in the ledger.</p>`;
    return html`<ul class="desks">
        ${repeat(
          workers,
          ({ id }) => id,
          (worker) => desk(worker, now),
        )}
      </ul>
      ${ended > 0 ? html`<p class="none">${plural(ended, "worker")} ended more than a minute ago.</p>` : nothing}`;
  };

  createPanel(section, context, {
    template,
    concerns: (change) => change.workers || change.jobs.some(({ after }) => after.startedBy),
    everySecond: true,
  });
};

const byStart = (one, other) => one.startedAt.localeCompare(other.startedAt);

/** Heartbeats are 3 s apart, so single jobs may be known before. */
const slots = (about, known) => {
  const queues = Object.values(about?.queues ?? {});
  const used = Math.max(
    known,
    queues.reduce((sum, { running }) => sum + running, 0),
  );
  const all = queues.reduce((sum, each) => sum + each.slots, 0);
  return html`<p class="slots">
    <meter min="0" max=${all} .value=${used} aria-label="Slots in use"></meter>
    <span>${used} of ${plural(all, "slot")}</span>
  </p>`;
};

const whatHappensNext = (running) =>
  running.length > 0
    ? `It ended without a word. Others take its ${plural(running.length, "job")} when its locks end, 10 s after the kill.`
    : "It has ended. Others have its jobs.";
