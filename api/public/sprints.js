import { addDays, showDays, today } from "./dates.js";
import { confirmed } from "./dialog.js";
import { button, make, personal } from "./elements.js";
import { clearErrors, onSave } from "./form.js";
import { change, request, say } from "./session.js";

const list = document.querySelector("#sprint-list");
const form = document.querySelector("#add-sprint");
let project;

/** Shows the sprints of a project, the latest first. */
export const showSprints = async (next) => {
  project = next;
  form.hidden = project.role === "VIEWER";
  clearErrors(form);
  showRows();
};

const showRows = () => {
  project.sprints.sort((a, b) => (a.startsOn < b.startsOn ? 1 : -1));
  list.replaceChildren(...project.sprints.map(makeRow));
  document.querySelector("#no-sprints").hidden = project.sprints.length > 0;
  propose();
};

/** Two weeks after the latest sprint, which most teams want. */
const propose = () => {
  const [latest] = project.sprints;
  const startsOn = latest ? addDays(latest.endsOn, 1) : today(project.me.zone);
  const { elements } = form;
  elements.name.value = `Sprint ${project.sprints.length + 1}`;
  elements.startsOn.value = startsOn;
  elements.endsOn.value = addDays(startsOn, 13);
};

const makeRow = (sprint) => {
  const { name, startsOn, endsOn } = sprint;
  const row = make(
    "li",
    {},
    personal(name, "strong"),
    make("span", { textContent: showDays(startsOn, endsOn) }),
    make("span", { className: "chip", textContent: timeOf(sprint) }),
  );
  if (timeOf(sprint) === "current") row.querySelector(".chip").classList.add("current");
  if (project.role !== "VIEWER")
    row.append(
      button("Delete", { label: `Delete ${name}`, className: "plain end", onClick: () => remove(sprint) }),
    );
  return row;
};

const timeOf = ({ startsOn, endsOn }) => {
  const day = today(project.me.zone);
  if (endsOn < day) return "past";
  return startsOn > day ? "planned" : "current";
};

const remove = async ({ id, name }) => {
  const question = {
    title: `Delete “${name}”?`,
    text: "Its tasks remain, without a sprint. This cannot be undone.",
    action: "Delete sprint",
  };
  if (!(await confirmed(question)) || !(await change("DELETE", `/v1/sprints/${id}`))) return;
  project.sprints.splice(
    project.sprints.findIndex((each) => each.id === id),
    1,
  );
  showRows();
  form.elements.name.focus();
  say(`Deleted ${name}`);
};

onSave(form, {
  save: (fields) => request("POST", `/v1/projects/${project.id}/sprints`, fields),
  done: (sprint) => {
    project.sprints.push(sprint);
    showRows();
    say(`Created ${sprint.name}`);
  },
});
