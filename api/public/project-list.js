import { prepareDialog } from "./dialog.js";
import { make, one, personal } from "./elements.js";
import { clearErrors, onSave } from "./form.js";
import { load, request } from "./session.js";

const list = document.querySelector("#projects");
const more = document.querySelector("#more-projects");
const dialog = prepareDialog(document.querySelector("#project-dialog"));
const form = dialog.querySelector("form");
let cursor;

/** Shows the first page of the projects. */
export const showList = async () => {
  cursor = undefined;
  list.replaceChildren();
  await showMore();
};

const showMore = async () => {
  more.disabled = true;
  const page = await load(`/v1/projects?limit=24${cursor ? `&cursor=${cursor}` : ""}`);
  more.disabled = false;
  if (!page) return;
  cursor = page.next;
  more.hidden = !cursor;
  list.append(...page.items.map(makeCard));
  document.querySelector("#no-projects").hidden = list.children.length > 0;
};

const ROLES = { OWNER: "owner", MEMBER: "member", VIEWER: "viewer" };

const makeCard = ({ id, name, description, role, members, tasks: { todo, doing, done, overdue } }) => {
  const total = todo + doing + done;
  const bar = make("progress", { max: total || 1, value: done });
  bar.ariaLabel = `${done} of ${one(total, "task")} done`;
  return make(
    "li",
    {},
    make("h2", {}, make("a", { href: `#${id}`, dir: "auto", textContent: name })),
    description && personal(description, "p"),
    bar,
    make(
      "p",
      { className: "facts" },
      make("span", { textContent: `${done} of ${one(total, "task")} done` }),
      doing > 0 ? make("span", { textContent: `${doing} in progress` }) : "",
      overdue > 0 ? make("span", { className: "late", textContent: `${overdue} overdue` }) : "",
    ),
    make("p", { className: "facts", textContent: `${one(members, "member")} · you are ${article(role)}` }),
  );
};

const article = (role) => (role === "OWNER" ? "the owner" : `a ${ROLES[role]}`);

document.querySelector("#new-project").addEventListener("click", () => {
  form.reset();
  clearErrors(form);
  dialog.showModal();
});

onSave(form, {
  save: (fields) => request("POST", "/v1/projects", fields),
  done: ({ id }) => {
    dialog.close();
    location.hash = id;
  },
});

more.addEventListener("click", showMore);
