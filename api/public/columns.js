import { change, load, say, showProblem } from "./session.js";
import { isLate, makeCard, short } from "./task-card.js";

export const COLUMNS = ["TODO", "DOING", "DONE"];
const NAMES = { TODO: "To do", DOING: "Doing", DONE: "Done" };

const columns = Object.fromEntries(
  COLUMNS.map((state) => {
    const section = document.querySelector(`.columns [data-state=${state}]`);
    const [heading, list, empty, more] = ["h2", "ul", "p", "button"].map((name) =>
      section.querySelector(name),
    );
    return [state, { state, section, heading, list, empty, more }];
  }),
);
const narrow = document.querySelector("fieldset.switch");

let project;
let filter;
let dragged;

/** Shows the first tasks of a column. `query` has the filters. */
export const showColumn = async (next, state, query) => {
  project = next;
  filter = query;
  const column = columns[state];
  column.cursor = undefined;
  await showMore(column, query);
};

const showMore = async (column, query = filter) => {
  const { state, list, more, cursor } = column;
  const pages = new URLSearchParams([...query, ["state", state], ["limit", "25"]]);
  // A done task is never overdue.
  if (query.has("overdue") && state === "DONE") return showPage(column, { items: [], next: null });
  if (cursor) pages.set("cursor", cursor);
  more.disabled = true;
  const page = await load(`/v1/projects/${project.id}/tasks?${pages}`);
  more.disabled = false;
  if (!page || query !== filter || cursor !== column.cursor) return;
  const known = list.children.length;
  showPage(column, page);
  if (cursor) list.children[known]?.querySelector("a").focus();
};

const showPage = (column, { items, next }) => {
  if (!column.cursor) {
    column.list.replaceChildren();
    column.total = filter.size === 0 ? project.tasks[column.state.toLowerCase()] : undefined;
  }
  column.cursor = next ?? undefined;
  column.more.hidden = !next;
  for (const task of items)
    if (!cardOf(task.id)) column.list.append(makeCard(project, task, { onMove: move }));
  showCount(column);
};

/** The server counts whole columns only without a filter. */
const showCount = ({ state, heading, list, empty, total, cursor }) => {
  const known = `${list.children.length}${cursor ? "+" : ""}`;
  const count = String(total ?? known);
  heading.querySelector(".count").textContent = count;
  narrow.querySelector(`[value=${state}]`).nextElementSibling.textContent = count;
  empty.hidden = list.children.length > 0;
};

export const titlesOfColumns = () =>
  COLUMNS.map((state) => `${NAMES[state]} ${columns[state].heading.querySelector(".count").textContent}`);

const cardOf = (id) => document.querySelector(`.columns li[data-id="${id}"]`);

/** Shows a task where it belongs now: in the order of ids, or nowhere if it does not match the filter. */
export const showCard = (task) => {
  const old = cardOf(task.id);
  const from = old && columns[old.closest("section").dataset.state];
  old?.remove();
  if (from) count(from, -1);
  if (task.isDeleted || !matches(task)) return undefined;
  const to = columns[task.state];
  const card = makeCard(project, task, { onMove: move });
  to.list.insertBefore(card, [...to.list.children].find(({ dataset }) => dataset.id < task.id) ?? null);
  count(to, 1);
  return card;
};

const count = (column, difference) => {
  if (column.total !== undefined) column.total += difference;
  project.tasks[column.state.toLowerCase()] += difference;
  showCount(column);
};

const matches = (task) =>
  ["sprintId", "assigneeId"].every(
    (name) => !filter.has(name) || filter.get(name) === (task[name] ?? "none"),
  ) &&
  (!filter.has("overdue") || isLate(project, task));

/** Moves a task. The focus stays on its card, or where that is not visible, on the next card. */
const move = async (id, state) => {
  const old = cardOf(id);
  const hadFocus = old.contains(document.activeElement);
  const { heading } = columns[old.closest("section").dataset.state];
  const task = await change("PATCH", `/v1/tasks/${id}`, { state });
  if (!task) return;
  const next = (cardOf(id)?.nextElementSibling ?? cardOf(id)?.previousElementSibling)?.querySelector("a");
  const card = showCard(task);
  say(`Moved ${short(task.title)} to ${NAMES[state]}`);
  if (!hadFocus) return;
  const places = [card?.querySelector(".moves button:last-child"), next, heading];
  places.find((each) => each?.checkVisibility())?.focus();
};

for (const column of Object.values(columns)) {
  const { state, section, list, more } = column;
  more.addEventListener("click", () => showMore(column));
  list.addEventListener("dragstart", ({ target, dataTransfer }) => {
    dragged = target.closest?.("li")?.dataset.id;
    dataTransfer.effectAllowed = "move";
  });
  list.addEventListener("dragend", () => (dragged = undefined));
  section.addEventListener("dragover", (event) => {
    const isOther = dragged !== undefined && cardOf(dragged)?.closest("section") !== section;
    section.classList.toggle("target", isOther);
    if (isOther) event.preventDefault();
  });
  section.addEventListener("dragleave", () => section.classList.remove("target"));
  section.addEventListener("drop", (event) => {
    event.preventDefault();
    section.classList.remove("target");
    showProblem();
    if (dragged) void move(dragged, state);
  });
}
