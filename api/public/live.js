import { send } from "./post.js";

/** Milliseconds after which a stream that the server refused is opened again. The pause grows with each refusal. */
const SHORTEST = 5_000;
const LONGEST = 60_000;

/**
 * The events of the user. A browser opens six connections to a server at most, so only a visible tab keeps one for its
 * stream. The events are
 * - `start`: a stream has begun, and what came before may be missing,
 * - `notification`: as the API sends it,
 * - `change`: something has changed, perhaps elsewhere, with the unread count,
 * - `unread`: the unread count, also when this page has changed it,
 * - `state`: `live.state` is now `live`, `reconnecting`, or `ended` once the session has ended.
 */
export const live = Object.assign(new EventTarget(), { state: "connecting" });

let source;
let timer;
let pause = SHORTEST;

const dispatch = (name, detail) => live.dispatchEvent(new CustomEvent(name, { detail }));

/** Reports an unread count that the API has returned, before the stream does. */
export const setUnread = (unread) => dispatch("unread", unread);

const enter = (state) => {
  live.state = state;
  dispatch("state", state);
};

/** Begins to follow the events. Further calls have no effect. */
export const follow = () => {
  document.addEventListener("visibilitychange", update);
  // A page with an open connection cannot be kept for the back button.
  addEventListener("pagehide", close);
  addEventListener("pageshow", update);
  update();
};

const update = () => (document.hidden ? close() : open());

const close = () => {
  clearTimeout(timer);
  source?.close();
  source = undefined;
};

const open = () => {
  if (source) return;
  clearTimeout(timer);
  let isNew = true;
  source = new EventSource("/v1/events");
  source.addEventListener("open", () => {
    pause = SHORTEST;
    enter("live");
  });
  source.addEventListener("notification", ({ data }) => dispatch("notification", JSON.parse(data)));
  source.addEventListener("unread", ({ data }) => {
    if (isNew) dispatch("start");
    isNew = false;
    const { unread } = JSON.parse(data);
    dispatch("unread", unread);
    dispatch("change", unread);
  });
  source.addEventListener("error", ({ target }) => {
    if (target !== source) return;
    enter("reconnecting");
    // Otherwise the browser reconnects by itself.
    if (source.readyState === EventSource.CLOSED) void openLater();
  });
};

/** After a refusal. The event does not say why. */
const openLater = async () => {
  close();
  const { status } = await send("GET", "/v1/notifications?limit=1");
  if (status === 401) return end();
  timer = setTimeout(update, pause * (0.5 + Math.random()));
  pause = Math.min(pause * 2, LONGEST);
};

const end = () => {
  document.removeEventListener("visibilitychange", update);
  removeEventListener("pageshow", update);
  enter("ended");
};
