import { fill, make, one, option } from "/elements.js";
import { clearErrors, onSave, reason, show } from "/form.js";
import { send } from "/post.js";
import { enter, load, request, say } from "/session.js";
import { sendFresh } from "./change.js";
import { cell, jobLink, KINDS, moment, number, phaseChip } from "./words.js";

const find = (selector) => document.querySelector(selector);
const form = find("#search");
const table = find("#jobs");
const more = find("#more");
const replay = find("#replay");
const replayForm = replay.querySelector("form");
const FIELDS = ["user", "name", "state", "kind", "since", "until"];
let cursor = null;
let counted = 0;

/** What the fields say, without those that are empty. Times are sent in UTC. */
const readFilter = () => {
  const filter = {};
  for (const name of FIELDS) {
    const value = form.elements.namedItem(name).value.trim();
    if (value) filter[name] = name === "since" || name === "until" ? new Date(value).toISOString() : value;
  }
  return filter;
};

const toLocal = (iso) => {
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

/** The address of the page names the search, so that it can be kept and shared. */
const readAddress = () => {
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = FIELDS.includes(name) && form.elements.namedItem(name);
    if (field) field.value = field.type === "datetime-local" ? toLocal(value) : value;
  }
};

const attempts = ({ attempt, crashes, state }) => attempt + crashes + (state === "COMPLETED" ? 1 : 0);

const rowOf = (job) =>
  make(
    "tr",
    {},
    cell(jobLink(job)),
    cell(phaseChip(job.phase)),
    number(attempts(job)),
    cell(moment(job.createdAt)),
    cell(moment(job.finishedAt)),
    cell([job.errorKind, job.error].filter(Boolean).join(": "), { className: "error-text" }),
  );

const get = (filter, from) =>
  request("GET", `/v1/admin/jobs?${new URLSearchParams({ ...filter, ...(from && { cursor: from }) })}`);

const showPage = ({ items, next, searched }) => {
  table.tBodies[0].append(...items.map(rowOf));
  cursor = next;
  const shown = table.tBodies[0].rows.length;
  table.hidden = shown === 0;
  find("#empty").hidden = shown > 0 || next !== null;
  more.hidden = next === null;
  more.textContent = searched ? "Search further" : "Show more";
  show(
    find("#searched"),
    searched
      ? `No index serves this search: it has read ${searched.toLocaleString("en")} jobs, the newest first.`
      : undefined,
  );
  say(one(shown, "job"));
};

const showReplayPanel = ({ state, kind }) => {
  replay.hidden = state !== "FAILED" && !kind;
  counted = 0;
  clearErrors(replayForm);
  find("#counted").textContent = "Count the failed jobs that match, then choose how many start per minute.";
  setReady(false);
};

const setReady = (isReady) => {
  replayForm.querySelector("label").hidden = !isReady;
  const start = replayForm.querySelector("button:not([type=button])");
  start.hidden = !isReady;
  start.textContent = `Replay ${one(counted, "job")}`;
};

const search = async () => {
  const filter = readFilter();
  history.replaceState(null, "", `?${new URLSearchParams(filter)}`);
  const response = await get(filter);
  if (response.ok) {
    table.tBodies[0].replaceChildren();
    showPage(response.body);
    showReplayPanel(filter);
  }
  return response;
};

const save = () => {
  const { value } = form.elements.namedItem("id");
  if (!value.trim()) return search();
  location.assign(`/admin/job?id=${encodeURIComponent(value.trim())}`);
  return new Promise(() => {});
};

const count = async () => {
  const { ok, body } = await send("GET", `/v1/admin/replays/count?${new URLSearchParams(failedOnly())}`);
  counted = ok ? body.count : 0;
  find("#counted").textContent = ok
    ? `${one(counted, "failed job")} match${counted === 1 ? "es" : ""}. They run again in the order of their failures.`
    : reason(body);
  setReady(counted > 0);
};

const failedOnly = () => {
  const { state: _, ...filter } = readFilter();
  return filter;
};

if (await enter()) {
  const queues = await load("/v1/admin/queues");
  const names = queues?.items.map(({ name }) => option(name, name)) ?? [];
  fill(form.elements.namedItem("name"), [option("", "Every queue"), ...names]);
  fill(form.elements.namedItem("kind"), [
    option("", "Every kind"),
    ...KINDS.map((kind) => option(kind, kind)),
  ]);
  readAddress();
  onSave(form, { save });
  more.addEventListener("click", async () => {
    more.disabled = true;
    const { ok, body } = await get(readFilter(), cursor);
    more.disabled = false;
    if (ok) showPage(body);
  });
  find("#count").addEventListener("click", count);
  onSave(replayForm, {
    read: () => ({ perMinute: Number(replayForm.elements.namedItem("perMinute").value) }),
    save: async ({ perMinute }) =>
      (await sendFresh("POST", "/v1/admin/replays", { filter: failedOnly(), count: counted, perMinute })) ?? {
        ok: false,
        body: { title: "Nothing was replayed." },
      },
    done: () => {
      find("#counted").textContent =
        "The replay has begun. The overview shows how far it is, and can stop it.";
      setReady(false);
    },
  });
  await search();
}
