import { html, nothing } from "./lit/lit-html.js";
import { clock, nameOf, shortId, workerName } from "./words.js";

/** What the row says besides times: who ran it, its keys, what it belongs to, payload and result. */
export const facts = (job, { model, onSelect }) => {
  const queue = model.queues.get(job.name);
  const rows = [
    [
      "Attempts",
      `${job.attempt} failed${queue ? ` of ${queue.attempts}` : ""}${job.crashes > 0 ? `, ${job.crashes} crashed` : ""}`,
    ],
    ["Worker", job.startedBy && workerName(job.startedBy, model)],
    ["Published", job.epoch > 1 ? `${job.epoch} times` : undefined],
    ["Priority", job.priority > 0 ? job.priority : undefined],
    ["Created", clock(job.createdAt)],
    ["Idempotency key", job.key],
    ["Ordering key", job.orderKey],
    ["Parent", job.parentId && linkTo(job.parentId, model, onSelect)],
    ["Cause", job.causeId && linkTo(job.causeId, model, onSelect)],
    ["Request", job.requestId],
    ["Batch", job.batchId],
  ];
  return html`
    <details>
      <summary>Row</summary>
      <dl class="facts">
        ${rows.map(([name, value]) =>
          value === undefined || value === null || value === ""
            ? nothing
            : html`<div>
                <dt>${name}</dt>
                <dd>${value}</dd>
              </div>`,
        )}
      </dl>
      ${text("Payload", job.payload)} ${text("Progress", job.progress)} ${text("Result", job.result)}
      ${text("Error", job.error)}
    </details>
  `;
};

const linkTo = (id, model, onSelect) => {
  const job = model.jobs.get(id);
  return html`<button type="button" class="link" @click=${() => onSelect(id)}>
    ${job ? nameOf(job) : "job"} ${shortId(id)}
  </button>`;
};

const text = (name, value) =>
  value === null || value === undefined
    ? nothing
    : html`<h4>${name}</h4>
        <pre class="value">${typeof value === "string" ? value : JSON.stringify(value, undefined, 1)}</pre>`;
