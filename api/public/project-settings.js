import { confirmed } from "./dialog.js";
import { clearErrors, onSave } from "./form.js";
import { change, request, say } from "./session.js";

const form = document.querySelector("#edit-project");
const heading = document.querySelector("#project-name");
const description = document.querySelector("#project-description");
let project;

/** Shows what the owner of a project may change. */
export const showSettings = async (next) => {
  project = next;
  form.elements.name.value = project.name;
  form.elements.description.value = project.description;
  clearErrors(form);
};

onSave(form, {
  save: (fields) => request("PATCH", `/v1/projects/${project.id}`, fields),
  done: (saved) => {
    heading.textContent = saved.name;
    description.textContent = saved.description;
    say("Saved");
  },
});

document.querySelector("#delete-project").addEventListener("click", async () => {
  const { todo, doing, done } = project.tasks;
  const question = {
    title: `Delete “${project.name}”?`,
    text: `Its ${todo + doing + done} tasks, its sprints, comments and reports are deleted with it. This cannot be undone.`,
    action: "Delete project",
  };
  if (!(await confirmed(question))) return;
  if (await change("DELETE", `/v1/projects/${project.id}`)) location.hash = "";
});
