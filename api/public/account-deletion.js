import { withWrongPassword } from "./account-password.js";
import { showMoment } from "./dates.js";
import { confirmed } from "./dialog.js";
import { fill, make, one, option } from "./elements.js";
import { clearErrors, onSave } from "./form.js";
import { load, request } from "./session.js";

const form = document.querySelector("#delete-account");
const fates = document.querySelector("#fates");
const { elements: fields } = form;

/** The value of a project that is to be deleted; the id of a member hands it over. */
const DELETED = "deleted";

let shared = [];
let deletionAt;

/** Says what a deletion does, and lets the user ask for it. Every project with other members needs a decision. */
export const prepareDeletion = async (me) => {
  fields.username.value = me.email;
  const isComplete = (await showDate(me)) && (await showProjects(me));
  document.querySelector("#deletion-unknown").hidden = isComplete;
  form.hidden = !isComplete;
  onSave(form, {
    read: () => ({
      password: fields.password.value,
      chosen: new Map(shared.map(({ id }) => [id, fields[id].value])),
    }),
    save: (data) => askFirst(data, me),
    done: (body) => leave(body, me),
    failed: ({ title, errors }) => {
      // A dialog does not return the focus to a button that was disabled.
      if (!title && !errors) form.querySelector("button").focus();
      // A chosen member may have left.
      if (errors?.some(({ field }) => field === "successors")) void showProjects(me);
    },
  });
};

const showDate = async ({ zone }) => {
  const preview = await load("/v1/account/deletion");
  if (!preview) return false;
  ({ deletionAt } = preview);
  const line = document.querySelector("#deletion-date");
  if (!isLater(deletionAt)) line.textContent = "Your account is deleted at once. This cannot be undone.";
  else
    line.append(
      "You are logged out at once, and your account is deleted on ",
      make("strong", {}, make("time", { dateTime: deletionAt, textContent: showMoment(deletionAt, zone) })),
      ". If you log in before then, you keep it, with everything in it. Afterwards, nothing can be restored.",
    );
  return true;
};

const MINUTE = 60_000;
const isLater = (moment) => Date.parse(moment) - Date.now() > MINUTE;

/** Resolves with whether all projects are shown. */
const showProjects = async (me) => {
  const owned = [];
  for (let next = ""; next !== null;) {
    const page = await load(`/v1/projects?limit=100${next && `&cursor=${next}`}`);
    if (!page) return false;
    owned.push(...page.items.filter(({ role }) => role === "OWNER"));
    next = page.next;
  }
  shared = [];
  for (const project of owned.filter(({ members }) => members > 1)) {
    const response = await load(`/v1/projects/${project.id}/members`);
    if (!response) return false;
    const others = response.items.filter(({ userId }) => userId !== me.id);
    if (others.length > 0) shared.push({ ...project, others });
  }
  showShared();
  showOnlyYours(owned.length - shared.length);
  return true;
};

const showShared = () => {
  const before = new Map(shared.map(({ id }) => [id, fields.namedItem(id)?.value]));
  for (const label of fates.querySelectorAll("label")) label.remove();
  fates.append(...shared.map((project) => makeChoice(project, before.get(project.id))));
  fates.hidden = shared.length === 0;
};

const makeChoice = ({ id, name, others }, before = "") => {
  const select = make("select", { name: id });
  fill(
    select,
    [
      option("", "Choose what happens to it"),
      ...others.map(({ userId, name, email }) => option(userId, `Hand it over to ${name} (${email})`)),
      option(DELETED, "Delete it, with everything in it"),
    ],
    before,
  );
  const error = make("span", { className: "error", hidden: true });
  return make("label", {}, make("bdi", { dir: "auto", textContent: name }), select, error);
};

const showOnlyYours = (count) => {
  const line = document.querySelector("#only-yours");
  line.hidden = count === 0;
  const are = count === 1 ? "is" : "are";
  line.textContent = `${one(count, "project")} without other members ${are} deleted.`;
};

/** Refuses what is incomplete, asks, and then sends the request. */
const askFirst = async ({ password, chosen }, me) => {
  const errors = [...chosen]
    .filter(([, choice]) => choice === "")
    .map(([field]) => ({ field, message: "Choose a member who takes over, or the deletion." }));
  if (password === "") errors.push({ field: "password", message: "Enter your password." });
  if (errors.length > 0) return { ok: false, body: { errors } };
  clearErrors(form);
  if (!(await confirmed(questionOf(chosen, me)))) return { ok: false, body: {} };
  const successors = [...chosen]
    .filter(([, choice]) => choice !== DELETED)
    .map(([projectId, userId]) => ({ projectId, userId }));
  return withWrongPassword(await request("DELETE", "/v1/account", { password, successors }), "password");
};

const questionOf = (chosen, { zone }) => {
  const count = [...chosen.values()].filter((choice) => choice === DELETED).length;
  const others = count > 0 ? ` Of ${one(count, "project")}, other members lose everything, too.` : "";
  const text = isLater(deletionAt)
    ? `You can keep it by logging in until ${showMoment(deletionAt, zone)}.`
    : "This cannot be undone.";
  return { title: "Delete your account?", text: text + others, action: "Delete my account" };
};

const leave = ({ deletionAt: at }, { zone }) =>
  location.replace(`account-closed#${new URLSearchParams({ at, zone })}`);
