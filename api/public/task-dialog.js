import { showComments } from "./comments.js";
import { showMoment } from "./dates.js";
import { confirmed } from "./dialog.js";
import { fill, option } from "./elements.js";
import { clearErrors, onSave, reason, show } from "./form.js";
import { load, request, say } from "./session.js";
import { short } from "./task-card.js";

const dialog = document.querySelector("#task");
const form = dialog.querySelector("form");
const fields = form.elements;
const listeners = [];

let project;
let task;
/** The fields as they were shown, so that only what was changed is sent. */
let shown;

/** Calls `listener` with each task that was changed here; with `isDeleted` if it is gone. */
export const onTaskChange = (listener) => void listeners.push(listener);

/** Opens a task of a project. */
export const openTask = async (next, id) => {
  const loaded = await load(`/v1/tasks/${encodeURIComponent(id)}`);
  if (!loaded || dialog.open) return;
  project = next;
  task = loaded;
  const canChange = project.role !== "VIEWER";
  form.querySelector("fieldset").disabled = !canChange;
  for (const button of form.querySelectorAll(".buttons button:not(.close)")) button.hidden = !canChange;
  fillForm();
  dialog.showModal();
  // Not in the title, where a phone would open its keyboard over the dialog.
  dialog.querySelector("h2").focus();
  await showComments(project, task.id);
};

const fillForm = () => {
  const { members, sprints, me } = project;
  const names = members.map(({ userId, name }) => option(userId, name));
  fill(fields.assigneeId, [option("", "Unassigned"), ...names], task.assigneeId ?? "");
  fill(
    fields.sprintId,
    [option("", "No sprint"), ...sprints.map(({ id, name }) => option(id, name))],
    task.sprintId ?? "",
  );
  for (const name of ["title", "description", "state", "dueOn", "estimate"])
    fields[name].value = task[name] ?? "";
  clearErrors(form);
  shown = read();
  const times = [
    ["Created", task.createdAt],
    ["started", task.startedAt],
    ["done", task.completedAt],
  ].flatMap(([verb, at]) => (at ? [`${verb} ${showMoment(at, me.zone)}`] : []));
  document.querySelector("#task-times").textContent = times.join(" · ");
};

const read = () => ({
  title: fields.title.value,
  description: fields.description.value,
  state: fields.state.value,
  assigneeId: fields.assigneeId.value || null,
  sprintId: fields.sprintId.value || null,
  // Half a date has no value, and would remove the date.
  dueOn: fields.dueOn.validity.badInput ? "incomplete" : fields.dueOn.value || null,
  estimate: estimateIn(fields.estimate.value.trim()),
});

/** What is not a number is sent as it is, and refused. */
const estimateIn = (text) => (text === "" ? null : Number.isNaN(Number(text)) ? text : Number(text));

const changes = () => {
  const now = read();
  return Object.fromEntries(Object.entries(now).filter(([name, value]) => value !== shown[name]));
};

const announce = (changed) => {
  for (const listener of listeners) listener(changed);
};

onSave(form, {
  read: changes,
  save: (data) => request("PATCH", `/v1/tasks/${task.id}`, data),
  done: (saved) => {
    task = saved;
    shown = read();
    dialog.close();
    announce(saved);
    say(`Saved ${short(saved.title)}`);
  },
});

document.querySelector("#delete-task").addEventListener("click", async () => {
  const { id, title } = task;
  const text = "Its comments are deleted with it. This cannot be undone.";
  if (!(await confirmed({ title: `Delete “${short(title)}”?`, text, action: "Delete task" }))) return;
  const { ok, body } = await request("DELETE", `/v1/tasks/${id}`);
  if (!ok) return show(form.querySelector("[role=alert]"), reason(body));
  dialog.close();
  announce({ ...task, isDeleted: true });
  say(`Deleted ${short(title)}`);
});

const close = async () => {
  const isChanged = Object.keys(changes()).length > 0;
  const question = {
    title: "Discard your changes?",
    text: "This task has changes that are not saved.",
    action: "Discard",
  };
  if (!isChanged || (await confirmed(question))) dialog.close();
};

dialog.addEventListener("cancel", (event) => {
  if (event.target !== dialog) return;
  event.preventDefault();
  void close();
});
dialog.querySelector(".close").addEventListener("click", close);
dialog.addEventListener("close", () => {
  // The address names the task only while it is open.
  if (location.hash.endsWith(`/${task.id}`)) history.replaceState(null, "", `#${project.id}`);
});
