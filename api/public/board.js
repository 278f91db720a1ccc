import { COLUMNS, showCard, showColumn, titlesOfColumns } from "./columns.js";
import { today } from "./dates.js";
import { fill, option } from "./elements.js";
import { clearErrors, onSave } from "./form.js";
import { request, say } from "./session.js";
import { onTaskChange } from "./task-dialog.js";
import { short } from "./task-card.js";

const filter = document.querySelector("#filter");
const add = document.querySelector("#add-task");
let project;

/** Shows the tasks of a project: at first those of its current sprint. */
export const showBoard = async (next) => {
  const isOther = project?.id !== next.id;
  project = next;
  fill(filter.elements.sprintId, [
    option("", "All sprints"),
    option("none", "No sprint"),
    ...project.sprints.map(({ id, name }) => option(id, name)),
  ]);
  fill(filter.elements.assigneeId, [
    option("", "Anyone"),
    option("none", "Unassigned"),
    ...project.members.map(({ userId, name }) => option(userId, name)),
  ]);
  if (isOther) {
    filter.reset();
    filter.elements.sprintId.value = currentSprint()?.id ?? "";
  }
  add.hidden = project.role === "VIEWER";
  add.reset();
  clearErrors(add);
  await showColumns();
};

const currentSprint = () => {
  const day = today(project.me.zone);
  return project.sprints.find(({ startsOn, endsOn }) => startsOn <= day && day <= endsOn);
};

const showColumns = () => {
  const query = new URLSearchParams([...new FormData(filter)].filter(([, value]) => value));
  if (query.has("overdue")) query.set("overdue", "true");
  return Promise.all(COLUMNS.map((state) => showColumn(project, state, query)));
};

filter.addEventListener("change", async () => {
  await showColumns();
  say(titlesOfColumns().join(", "));
});
filter.addEventListener("submit", (event) => event.preventDefault());

onSave(add, {
  // A new task belongs to what is shown.
  save: ({ title }) => {
    const { sprintId, assigneeId } = Object.fromEntries(new FormData(filter));
    const references = Object.entries({ sprintId, assigneeId }).filter(([, id]) => id && id !== "none");
    return request("POST", `/v1/projects/${project.id}/tasks`, { title, ...Object.fromEntries(references) });
  },
  done: (task) => void showNew(task),
});

const showNew = async (task) => {
  add.reset();
  if (filter.elements.overdue.checked) {
    filter.elements.overdue.checked = false;
    await showColumns();
  } else {
    showCard(task);
  }
  say(`Added ${short(task.title)}`);
  add.elements.title.focus();
};

onTaskChange(showCard);
