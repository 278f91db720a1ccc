import { showMoment } from "./dates.js";
import { confirmed } from "./dialog.js";
import { button, make, personal } from "./elements.js";
import { clearErrors, onSave, reason, show } from "./form.js";
import { offerMentions, withMentions } from "./mentions.js";
import { load, request, say } from "./session.js";

const list = document.querySelector("#comments");
const more = document.querySelector("#more-comments");
const form = document.querySelector("#add-comment");

let project;
let taskId;
let cursor;

/** Shows the newest comments of a task. */
export const showComments = async (next, id) => {
  project = next;
  taskId = id;
  cursor = undefined;
  list.replaceChildren();
  more.hidden = true;
  form.reset();
  clearErrors(form);
  await showMore();
};

const showMore = async () => {
  const id = taskId;
  more.disabled = true;
  const page = await load(`/v1/tasks/${id}/comments?limit=10${cursor ? `&cursor=${cursor}` : ""}`);
  more.disabled = false;
  if (!page || id !== taskId) return;
  cursor = page.next;
  more.hidden = !cursor;
  list.append(...page.items.map(makeComment));
};

const makeComment = ({ id, authorId, authorName, body, createdAt, editedAt }) => {
  const author = authorName ?? "Deleted account";
  const when = `${showMoment(createdAt, project.me.zone)}${editedAt ? ", edited" : ""}`;
  const row = make(
    "li",
    {},
    make("p", { className: "facts" }, personal(author, "strong"), make("span", { textContent: when })),
    make("p", { className: "body", dir: "auto" }, ...withMentions(body, project.members, project.me.id)),
  );
  if (authorId === project.me.id || project.role === "OWNER")
    row.append(
      button("Delete", { label: `Delete the comment of ${author}`, onClick: () => remove(row, id) }),
    );
  return row;
};

const remove = async (row, id) => {
  const question = {
    title: "Delete this comment?",
    text: "This cannot be undone.",
    action: "Delete comment",
  };
  if (!(await confirmed(question))) return;
  const { ok, body } = await request("DELETE", `/v1/comments/${id}`);
  show(form.querySelector("[role=alert]"), ok ? undefined : reason(body));
  if (!ok) return;
  row.remove();
  form.elements.body.focus();
  say("Deleted the comment");
};

onSave(form, {
  save: (fields) => request("POST", `/v1/tasks/${taskId}/comments`, fields),
  done: (comment) => {
    form.reset();
    list.prepend(makeComment(comment));
    say("Added the comment");
  },
});

more.addEventListener("click", showMore);

offerMentions(form.elements.body, document.querySelector("#mentions"), () =>
  project.members.filter(({ userId }) => userId !== project.me.id),
);
