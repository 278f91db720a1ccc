import { showDays, showMoment, showMonth } from "./dates.js";
import { confirmed } from "./dialog.js";
import { button, make, one, personal, sizeOf } from "./elements.js";
import { say } from "./session.js";

const list = document.querySelector("#reports");
const PERIODS = { DAY: "Day", WEEK: "Week", MONTH: "Month", SPRINT: "Sprint" };

/** The reports that were asked for on this page: only these are announced. */
const asked = new Set();

export const announceLater = (id) => void asked.add(id);

export const rowOf = (id) => list.querySelector(`li[data-id="${id}"]`);

/** The ids of the reports that are not finished. */
export const pendingIds = () =>
  [...list.querySelectorAll("[data-state=PENDING]")].map(({ dataset }) => dataset.id);

/** Shows a report as the API describes it, in the order of ids, newest first. Returns whether it has changed. */
export const showReport = (report, { me, onDelete }) => {
  const { id, state, progress } = report;
  const old = rowOf(id);
  const isSame = old?.dataset.state === state && old.dataset.progress === String(progress);
  if (isSame) return false;
  // The row and its buttons stay, so that the focus does.
  const row = old ?? insert(makeRow(report, onDelete));
  row.dataset.state = state;
  row.dataset.progress = String(progress);
  row.querySelector("[data-part=status]").replaceChildren(...statusOf(report, me));
  row.querySelector(".open").hidden = state !== "READY";
  if (state === "READY") row.querySelector(".open").href = report.url;
  if (state !== "PENDING" && asked.delete(id))
    say(`${titleOf(report)}: ${state === "READY" ? "ready" : report.problem}`);
  return true;
};

const insert = (row) => {
  list.insertBefore(row, [...list.children].find(({ dataset }) => dataset.id < row.dataset.id) ?? null);
  return row;
};

const titleOf = (report) =>
  `${report.projectName}, ${PERIODS[report.period].toLowerCase()} ${spanOf(report)}`;

const spanOf = ({ period, firstDay, lastDay }) =>
  period === "MONTH" ? showMonth(firstDay) : showDays(firstDay, lastDay);

const makeRow = (report, onDelete) => {
  const { id, projectName, period } = report;
  const open = make("a", { className: "open", textContent: "Open PDF", hidden: true });
  open.ariaLabel = `Open PDF: ${titleOf(report)}`;
  const row = make(
    "li",
    { tabIndex: -1 },
    make("h3", {}, personal(projectName)),
    make("p", { textContent: `${PERIODS[period]} · ${spanOf(report)}` }),
    make("div", {}),
    make(
      "div",
      { className: "buttons" },
      open,
      button("Delete", { label: `Delete: ${titleOf(report)}`, onClick: () => askToDelete(report, onDelete) }),
    ),
  );
  row.dataset.id = id;
  row.querySelector("div").dataset.part = "status";
  return row;
};

const askToDelete = async (report, onDelete) => {
  const question = { title: "Delete this report?", text: `${titleOf(report)}.`, action: "Delete report" };
  if (await confirmed(question)) await onDelete(report.id);
};

/** Removes a row. If the focus was in it, it moves to the next one. */
export const removeRow = (id) => {
  const row = rowOf(id);
  if (!row) return;
  const next = row.nextElementSibling ?? row.previousElementSibling ?? document.querySelector("h1");
  const hadFocus = row.contains(document.activeElement);
  row.remove();
  if (hadFocus) next.focus();
  say("Deleted the report");
};

const statusOf = ({ state, progress, problem, pages, bytes, readyAt, createdAt, scheduleId }, { zone }) => {
  if (state === "FAILED") return [make("p", { className: "error", textContent: problem })];
  if (state === "PENDING") {
    const bar = make("progress", { max: 1, value: progress });
    bar.ariaLabel = "Progress of the report";
    const percent = progress > 0 ? `${Math.floor(progress * 100)} %` : "waiting";
    return [bar, make("p", { className: "facts" }, make("span", { textContent: percent }))];
  }
  const facts = [showMoment(readyAt ?? createdAt, zone)];
  if (pages !== null) facts.push(one(pages, "page"));
  if (bytes !== null) facts.push(sizeOf(bytes));
  if (scheduleId !== null) facts.push("scheduled");
  return [make("p", { className: "facts" }, ...facts.map((textContent) => make("span", { textContent })))];
};
