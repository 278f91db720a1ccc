import { make } from "./elements.js";
import { follow, live } from "./live.js";

/** Milliseconds for which arrivals are collected, so that a screen reader reads one sentence about all of them. */
const COLLECTED = 1_000;
/** The API counts up to here. */
const COUNTED = 1_000;

const link = document.querySelector("[data-unread]");
const number = make("span", { className: "badge", hidden: true, ariaHidden: "true" });
const words = make("span", { className: "unseen" });
const arrived = make("p", { className: "unseen", role: "status" });
link.append(number, words);
document.body.append(arrived);

const showUnread = (unread) => {
  number.hidden = unread === 0;
  number.textContent = unread > 99 ? "99+" : unread;
  words.textContent = unread === 0 ? "" : ` ${unread < COUNTED ? unread : `${COUNTED} or more`} unread`;
};

let arrivals = [];

const announce = () => {
  const [first] = arrivals;
  arrived.textContent =
    arrivals.length === 1 ? `New notification: ${first.title}` : `${arrivals.length} new notifications`;
  arrivals = [];
};

live.addEventListener("unread", ({ detail }) => showUnread(detail));
live.addEventListener("notification", ({ detail }) => {
  if (arrivals.push(detail) === 1) setTimeout(announce, COLLECTED);
});
live.addEventListener("state", ({ detail }) => {
  if (detail === "ended") showUnread(0);
});

follow();
