import { showMoment } from "./dates.js";
import { make, personal } from "./elements.js";

const list = document.querySelector("#notifications");

const rowOf = (id) => list.querySelector(`li[data-id="${id}"]`);
const sequenceOf = ({ dataset }) => Number(dataset.sequence);

/** The sequence number of the newest notification that is listed; 0 without any. */
export const newestListed = () => (list.firstElementChild ? sequenceOf(list.firstElementChild) : 0);

export const oldestListed = () => (list.lastElementChild ? sequenceOf(list.lastElementChild) : 0);

export const countListedUnread = () => list.querySelectorAll(".unread").length;

/** Shows a notification as the API describes it, newest first. */
export const showNotification = (item, { me, onOpen, isArriving = false }) => {
  // A row that is listed stays, so that the focus does.
  const row = rowOf(item.id) ?? insert(makeRow(item, { me, onOpen }));
  if (isArriving) row.classList.add("arriving");
  if (item.readAt) markRow(row);
};

const insert = (row) => {
  const next = [...list.children].find((each) => sequenceOf(each) < sequenceOf(row));
  list.insertBefore(row, next ?? null);
  return row;
};

const makeRow = ({ id, sequence, title, text, path, createdAt }, { me, onOpen }) => {
  const link = make("a", { className: "open", href: path, textContent: title });
  const read = () => row.classList.contains("unread") && onOpen(id);
  const open = (event) => {
    // The text of a record that is gone leads to this page.
    if (link.pathname === location.pathname) event.preventDefault();
    read();
  };
  link.addEventListener("click", open);
  // A middle click opens a new tab.
  link.addEventListener("auxclick", ({ button }) => button === 1 && read());
  const row = make(
    "li",
    { className: "unread" },
    link,
    text && personal(text, "p"),
    make(
      "p",
      { className: "facts" },
      make("span", { className: "mark", textContent: "Unread" }),
      make("time", { dateTime: createdAt, textContent: showMoment(createdAt, me.zone) }),
    ),
  );
  row.dataset.id = id;
  row.dataset.sequence = sequence;
  return row;
};

/** Marks a listed notification as read. */
export const markListed = (id) => {
  const row = rowOf(id);
  if (row) markRow(row);
};

const markRow = (row) => {
  row.classList.remove("unread");
  row.querySelector(".mark")?.remove();
};

/** Marks those up to a sequence number as read. */
export const markUpTo = (sequence) => {
  for (const row of list.children) if (sequenceOf(row) <= sequence) markRow(row);
};

/** Removes those before a sequence number. */
export const removeBefore = (sequence) => {
  for (const row of [...list.children]) if (sequenceOf(row) < sequence) row.remove();
};
