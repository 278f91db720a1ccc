import { showMoment } from "./dates.js";
import { confirmed } from "./dialog.js";
import { button, make, option, personal } from "./elements.js";
import { clearErrors, onSave } from "./form.js";
import { change, loadAll, request, say } from "./session.js";

const ROLES = { OWNER: "Owner", MEMBER: "Member", VIEWER: "Viewer" };

const list = document.querySelector("#member-list");
const invitations = document.querySelector("#invitation-list");
const form = document.querySelector("#invite");
const leave = document.querySelector("#leave");
let project;

/** Shows the members of a project; to its owner also the invitations. */
export const showMembers = async (next) => {
  project = next;
  const isOwner = project.role === "OWNER";
  form.hidden = !isOwner;
  form.reset();
  clearErrors(form);
  leave.hidden = isOwner;
  showRows();
  showInvitations([]);
  if (isOwner) await loadInvitations();
};

const loadInvitations = async () => showInvitations(await loadAll(`${pathOf()}/invitations`));

const pathOf = () => `/v1/projects/${project.id}`;

const showRows = () => list.replaceChildren(...project.members.map(makeRow));

const makeRow = (member) => {
  const { userId, name, email, role } = member;
  const row = make(
    "li",
    {},
    personal(name, "strong"),
    make("span", { className: "address", textContent: email }),
  );
  if (project.role !== "OWNER" || role === "OWNER") {
    row.append(make("span", { className: "chip", textContent: ROLES[role] }));
    return row;
  }
  const select = make("select", { ariaLabel: `Role of ${name}` });
  select.append(...Object.entries(ROLES).map(([value, text]) => option(value, text, value === role)));
  select.addEventListener("change", () => setRole(member, select));
  const label = `Remove ${name}`;
  row.append(select, button("Remove", { label, className: "plain end", onClick: () => remove(member) }));
  row.dataset.id = userId;
  return row;
};

const setRole = async (member, select) => {
  const { userId, name, role } = member;
  const isTransfer = select.value === "OWNER";
  const question = {
    title: `Make ${name} the owner?`,
    text: "You become a member. Only the new owner can give the project back.",
    action: "Transfer the project",
  };
  const changed =
    (!isTransfer || (await confirmed(question))) &&
    (await change("PATCH", `${pathOf()}/members/${userId}`, { role: select.value }));
  if (!changed) return void (select.value = role);
  member.role = changed.role;
  say(`${name} is now ${changed.role.toLowerCase()}`);
  // Other tabs and buttons: the page starts again.
  if (isTransfer) location.reload();
};

const remove = async ({ userId, name }) => {
  const question = {
    title: `Remove ${name}?`,
    text: "The tasks of this member stay, without an assignee.",
    action: "Remove member",
  };
  if (!(await confirmed(question)) || !(await change("DELETE", `${pathOf()}/members/${userId}`))) return;
  project.members.splice(
    project.members.findIndex((each) => each.userId === userId),
    1,
  );
  showRows();
  form.elements.email.focus();
  say(`Removed ${name}`);
};

const showInvitations = (items) => {
  invitations.replaceChildren(...items.map(makeInvitation));
  document.querySelector("#invited").hidden = items.length === 0;
};

const makeInvitation = ({ id, email, role, expiresAt }) => {
  const row = make(
    "li",
    {},
    make("strong", { className: "address", textContent: email }),
    make("span", { className: "chip", textContent: ROLES[role] }),
    make("span", { textContent: `expires ${showMoment(expiresAt, project.me.zone)}` }),
  );
  row.append(
    button("Withdraw", {
      label: `Withdraw the invitation of ${email}`,
      className: "plain end",
      onClick: async () => {
        if (!(await change("DELETE", `${pathOf()}/invitations/${id}`))) return;
        row.remove();
        document.querySelector("#invited").hidden = invitations.children.length === 0;
        form.elements.email.focus();
        say(`Withdrew the invitation of ${email}`);
      },
    }),
  );
  return row;
};

onSave(form, {
  save: (fields) => request("POST", `${pathOf()}/invitations`, fields),
  done: ({ email }) => {
    form.reset();
    say(`Invited ${email}`);
    void loadInvitations();
  },
});

leave.addEventListener("click", async () => {
  const question = {
    title: "Leave this project?",
    text: "Your tasks stay, without an assignee. You can come back only by an invitation.",
    action: "Leave project",
  };
  if (!(await confirmed(question))) return;
  if (await change("DELETE", `${pathOf()}/members/${project.me.id}`)) location.hash = "";
});
