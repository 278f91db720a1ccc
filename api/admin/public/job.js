import { make } from "/elements.js";
import { enter, load } from "/session.js";
import { change } from "./change.js";
import { jobLink, moment, phaseChip } from "./words.js";

const find = (selector) => document.querySelector(selector);
const id = new URLSearchParams(location.search).get("id") ?? "";

const json = (value) => make("pre", { textContent: JSON.stringify(value, null, 2) });
const code = (value) => make("code", { textContent: value });

const facts = (job) => [
  ["Id", code(job.id)],
  ["State", make("span", {}, phaseChip(job.phase), " ", code(job.state))],
  ["Payload", json(job.payload)],
  ["Result", job.result === null ? undefined : json(job.result)],
  ["Progress", job.progress === null ? undefined : json(job.progress)],
  ["Error", job.error],
  ["Kind of error", job.errorKind],
  ["Attempts", String(job.attempt)],
  ["Crashes", job.crashes ? String(job.crashes) : undefined],
  ["Published", job.publishedAt && make("span", {}, moment(job.publishedAt), ` (epoch ${job.epoch})`)],
  ["Ready", moment(job.readyAt)],
  ["Worker", job.startedBy && code(job.startedBy)],
  ["Key", job.key && code(job.key)],
  ["Ordering key", job.orderKey && code(job.orderKey)],
  ["Priority", job.priority ? String(job.priority) : undefined],
  ["Batch", job.batchId && code(job.batchId)],
  ["Request", job.requestId && code(job.requestId)],
];

const showFacts = (job) =>
  find("#facts").replaceChildren(
    ...facts(job)
      .filter(([, value]) => value)
      .flatMap(([label, value]) => [make("dt", { textContent: label }), make("dd", {}, value)]),
  );

const took = ({ startedAt, endedAt }) => {
  const ms = Date.parse(endedAt) - Date.parse(startedAt);
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
};

const entry = (at, what, ...details) =>
  make("li", {}, moment(at), make("strong", { textContent: what }), make("span", {}, ...details));

const ofHistory = (each) =>
  entry(
    each.startedAt ?? each.endedAt,
    `${each.outcome}${each.count ? ` (${each.count} times)` : ""}`,
    [each.startedAt && `after ${took(each)}`, each.kind, each.error].filter(Boolean).join(" · "),
    ...(each.retryAt ? [" · next attempt ", moment(each.retryAt)] : []),
  );

const showTimeline = (job) => {
  const end = job.phase === "running" ? "running" : undefined;
  find("#timeline").replaceChildren(
    ...[
      entry(job.createdAt, "enqueued"),
      ...job.history.map(ofHistory),
      job.startedAt && entry(job.startedAt, end ?? "started", job.startedBy ?? ""),
      job.state === "COMPLETED" && entry(job.finishedAt, "completed"),
      job.state === "CANCELLED" && entry(job.finishedAt, "cancelled"),
      job.state === "FAILED" && entry(job.finishedAt, "dead letter"),
    ].filter(Boolean),
  );
};

const relatedRow = (job, depth = 0) => {
  const row = make(
    "li",
    { className: `depth-${Math.min(depth, 4)}` },
    jobLink(job),
    phaseChip(job.phase),
    moment(job.createdAt),
  );
  if (job.id === id) row.setAttribute("aria-current", "true");
  return row;
};

const inTree = (jobs, parentId = null, depth = 0) =>
  jobs
    .filter((job) => job.parentId === parentId)
    .flatMap((job) => [relatedRow(job, depth), ...inTree(jobs, job.id, depth + 1)]);

const showFamily = ({ cause, tree, followUps }) => {
  const parts = { "#cause": cause ? [relatedRow(cause)] : [], "#tree": inTree(tree) };
  parts["#follow-ups"] = followUps.map((job) => relatedRow(job));
  for (const [selector, rows] of Object.entries(parts)) {
    find(selector).hidden = rows.length === 0;
    find(`${selector} ul`).replaceChildren(...rows);
  }
  find("#family").hidden = Object.values(parts).every((rows) => rows.length === 0);
};

const OPEN = ["WAITING", "PENDING", "PUBLISHED"];

const showJob = async () => {
  const job = await load(`/v1/admin/jobs/${encodeURIComponent(id)}`);
  if (!job) return;
  find("h1").textContent = job.name;
  document.title = `${job.name} · Offstage admin`;
  find("#content").hidden = false;
  find("#retry").hidden = job.state !== "FAILED";
  find("#cancel").hidden = !OPEN.includes(job.state) || job.startedAt !== null || job.attempt > 0;
  showFacts(job);
  showTimeline(job);
  showFamily(job);
};

const act = (name, done) => async () => {
  if (!(await change("POST", `/v1/admin/jobs/${id}/${name}`, { done }))) return;
  await showJob();
  find("h1").focus();
};

if (await enter()) {
  find("#retry").addEventListener("click", act("retry", "The job will run again."));
  find("#cancel").addEventListener("click", act("cancel", "The job is cancelled."));
  await showJob();
}
