import { live, setUnread } from "./live.js";
import {
  countListedUnread,
  markListed,
  markUpTo,
  newestListed,
  oldestListed,
  removeBefore,
  showNotification,
} from "./notification-rows.js";
import { change, enter, load, request, say } from "./session.js";

const older = document.querySelector("#older");
const readAll = document.querySelector("#read-all");

const STATES = {
  connecting: "Connecting…",
  live: "New ones appear here by themselves.",
  reconnecting: "Connection lost. Reconnecting…",
  ended: "Not connected.",
};

let me;
/** The cursor of the next page; undefined before the first page. */
let cursor;
/** Everything from the oldest listed notification up to this one is listed. */
let known = 0;
/** Whether notifications after `known` may be missing. */
let hasGap = true;

const show = (item, more) => showNotification(item, { me, onOpen: open, ...more });

const showOlder = async () => {
  older.disabled = true;
  const page = await load(`/v1/notifications?limit=20&cursor=${cursor}`);
  older.disabled = false;
  if (page) append(page);
};

const append = ({ items, next, unread }) => {
  cursor = next;
  older.hidden = !next;
  items.forEach((item) => show(item));
  document.querySelector("#no-notifications").hidden = newestListed() > 0;
  setUnread(unread);
};

/** Lists the newest ones. Those listed before stay if no others are between. */
const refresh = async () => {
  const page = await load("/v1/notifications?limit=20");
  if (!page) return;
  const oldest = page.items.at(-1)?.sequence ?? 0;
  const isConnected = cursor !== undefined && oldest <= known;
  if (!isConnected) removeBefore(oldest);
  append(isConnected ? { ...page, next: cursor } : page);
  known = newestListed();
  hasGap = false;
};

/** Marks one as read while the browser opens what it is about. */
const open = async (id) => {
  const response = await fetch(`/v1/notifications/${id}/read`, { method: "POST", keepalive: true }).catch(
    () => undefined, // It stays unread.
  );
  if (!response?.ok) return;
  markListed(id);
  setUnread((await response.json()).unread);
};

const markAll = async () => {
  const upTo = newestListed();
  const response = await change("POST", "/v1/notifications/read", { upTo });
  if (!response) return;
  markUpTo(upTo);
  document.querySelector("h1").focus(); // The button may disappear.
  setUnread(response.unread);
  say("Marked all notifications as read");
};

/** Shows what is listed as it is now: some may have been read elsewhere. */
const reload = async () => {
  for (let place = ""; place !== null;) {
    const page = await load(`/v1/notifications?limit=100${place && `&cursor=${place}`}`);
    if (!page) return;
    const { items, next } = page;
    for (const item of items) if (item.sequence >= oldestListed()) show(item);
    place = next !== null && Number(next) > oldestListed() ? next : null;
  }
};

const showState = () => {
  document.querySelector("#state").textContent = STATES[live.state];
  // Offers to log in.
  if (live.state === "ended") void request("GET", "/v1/me");
};

const follow = () => {
  live.addEventListener("start", () => {
    hasGap = true;
    void refresh();
  });
  live.addEventListener("notification", ({ detail }) => {
    show(detail, { isArriving: true });
    document.querySelector("#no-notifications").hidden = true;
    if (!hasGap) known = newestListed();
  });
  live.addEventListener("unread", ({ detail: unread }) => {
    readAll.hidden = unread === 0;
    if (unread === 0) markUpTo(newestListed());
  });
  live.addEventListener("change", ({ detail: unread }) => {
    if (countListedUnread() > unread) void reload();
  });
  live.addEventListener("state", showState);
};

older.addEventListener("click", showOlder);
readAll.addEventListener("click", markAll);
me = await enter();
if (me) {
  follow();
  showState();
  await refresh();
}
