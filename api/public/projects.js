import { showBoard } from "./board.js";
import { showProblem, enter, load, loadAll } from "./session.js";
import { showList } from "./project-list.js";
import { showMembers } from "./members.js";
import { showSettings } from "./project-settings.js";
import { showSprints } from "./sprints.js";
import { openTask } from "./task-dialog.js";

// The fragment is empty for the list, or <project>, <project>/<view> or <project>/<task>.

const VIEWS = { board: showBoard, sprints: showSprints, members: showMembers, settings: showSettings };

const list = document.querySelector("#list");
const section = document.querySelector("#project");
const tabs = [...document.querySelectorAll(".tabs [data-view]")];

/** The project that is shown, with what its views share: `me`, `members` and `sprints`. */
let current;
/** Counts changes of the fragment, so that a slow response does not replace a later page. */
let visits = 0;

const follow = async () => {
  const visit = ++visits;
  const isCurrent = () => visit === visits;
  const [id, place = "board"] = location.hash.slice(1).split("/");
  showProblem();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  const isTask = !(place in VIEWS);
  if (id && !(isTask && current?.id === id && !section.hidden)) {
    const project = await loadProject(id);
    if (!project || !isCurrent()) return;
    current = project;
    await show(isTask ? "board" : place, isCurrent);
  } else if (!id) {
    await showProjects(isCurrent);
  }
  if (id && isTask && isCurrent()) await openTask(current, place);
};

const showProjects = async (isCurrent) => {
  current = undefined;
  document.title = "Projects · Offstage";
  await showList();
  if (!isCurrent()) return;
  section.hidden = true;
  list.hidden = false;
  focusHeading(list);
};

const loadProject = async (id) => {
  const path = `/v1/projects/${encodeURIComponent(id)}`;
  const [project, members, sprints] = await Promise.all([
    load(path),
    current?.id === id ? current.members : load(`${path}/members`).then((body) => body?.items),
    current?.id === id ? current.sprints : loadAll(`${path}/sprints`),
  ]);
  return project && members && { ...project, me, memberCount: project.members, members, sprints };
};

const show = async (view, isCurrent) => {
  const wasHidden = section.hidden;
  document.title = `${current.name} · Offstage`;
  document.querySelector("#project-name").textContent = current.name;
  document.querySelector("#project-description").textContent = current.description;
  document.querySelector("#project-reports").href = `reports?project=${current.id}`;
  for (const tab of tabs) {
    tab.href = tab.dataset.view === "board" ? `#${current.id}` : `#${current.id}/${tab.dataset.view}`;
    tab.hidden = tab.dataset.view === "settings" && current.role !== "OWNER";
    if (tab.dataset.view === view) tab.ariaCurrent = "page";
    else tab.removeAttribute("aria-current");
  }
  await VIEWS[view](current);
  if (!isCurrent()) return;
  for (const name of Object.keys(VIEWS)) document.querySelector(`#${name}`).hidden = name !== view;
  list.hidden = true;
  section.hidden = false;
  if (wasHidden) focusHeading(section);
};

/** After the first page, so that a screen reader starts at what has changed. */
const focusHeading = (part) => {
  if (visits > 1) part.querySelector("h1").focus();
};

const me = await enter();
if (me) {
  addEventListener("hashchange", follow);
  await follow();
}
