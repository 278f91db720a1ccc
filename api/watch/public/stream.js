/** What the server accepts in one request. */
const FOLLOWED = 40;

/** A hidden tab gives its connection back after this time. */
const HIDDEN_MS = 10_000;

const RETRY_MS = [1_000, 2_000, 4_000, 8_000];

const EVENTS = ["snapshot", "tick", "counts", "stale"];

/**
 * Feeds the model from the stream. It is opened again when other jobs are to be followed: every connection starts with a
 * snapshot that is newer than all messages before it, so nothing is missed in between.
 */
export const openStream = (model, watched) => {
  let source;
  let tries = 0;
  let retryTimer;
  let hiddenTimer;
  let reopenTimer;

  const close = () => {
    clearTimeout(retryTimer);
    source?.close();
    source = undefined;
  };

  const open = () => {
    close();
    source = new EventSource(streamUrl([...watched(), ...model.own()]));
    for (const kind of EVENTS) source.addEventListener(kind, receive(kind, source));
    source.addEventListener("error", failed);
  };

  const receive = (kind, from) => (event) => {
    if (from !== source) return;
    tries = 0;
    model.apply(kind, JSON.parse(event.data));
  };

  // The browser connects again by itself, except after a response other than 200, such as a 503 of a closing server.
  const failed = () => {
    model.setState("connecting");
    if (source?.readyState !== EventSource.CLOSED) return;
    close();
    retryTimer = setTimeout(open, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) hiddenTimer = setTimeout(close, HIDDEN_MS);
    else if (!source) {
      model.setState("connecting");
      open();
    }
  });

  /** Several ids that are added at once open one connection. */
  const reopen = () => {
    clearTimeout(reopenTimer);
    reopenTimer = setTimeout(() => !document.hidden && open(), 30);
  };

  model.subscribe(({ kind }) => kind === "follow" && reopen());
  open();
  return { reopen };
};

const streamUrl = (ids) => {
  const newest = [...new Set(ids)].slice(-FOLLOWED);
  return `/watch/stream${newest.length > 0 ? `?follow=${newest.join(",")}` : ""}`;
};
