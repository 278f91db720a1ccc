import { make } from "/elements.js";

const PHASES = {
  ...{ scheduled: "scheduled", committed: "waits for the relay", queued: "queued", running: "running" },
  ...{ again: "waits to retry", children: "waits for children", turn: "waits for its turn" },
  ...{ done: "completed", dead: "failed", cancelled: "cancelled" },
};

/** The phase of a job as a chip. */
export const phaseChip = (phase) =>
  make("span", { className: `chip phase-${phase}`, textContent: PHASES[phase] ?? phase });

const moments = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const moment = (iso) =>
  iso ? make("time", { dateTime: iso, textContent: moments.format(new Date(iso)) }) : "";

export const jobLink = ({ id, name }) =>
  make(
    "a",
    { href: `/admin/job?id=${id}` },
    make("strong", { textContent: name }),
    " ",
    make("code", { textContent: id.slice(-12) }),
  );

export const cell = (content, properties = {}) => make("td", properties, content ?? "");
export const number = (value) => cell(String(value), { className: "number" });

/** Kinds of errors: those of core, and what has no run. */
export const KINDS = [
  ...["ours", "provider", "permanent", "timeout", "crashed", "child", "refused", "unknown"],
];
