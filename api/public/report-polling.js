import { pendingIds, removeRow } from "./report-rows.js";
import { request } from "./session.js";

/** Milliseconds. The pause grows while nothing changes. */
const SHORTEST = 1_000;
const LONGEST = 15_000;

let show;
let timer;
let pause = SHORTEST;

/** Loads unfinished reports while the tab is visible. `onReport` shows one, and returns whether it has changed. */
export const followReports = (onReport) => {
  show = onReport;
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) pollSoon();
  });
};

/** For example after a report was asked for. */
export const pollSoon = () => {
  pause = SHORTEST;
  schedule();
};

const schedule = () => {
  clearTimeout(timer);
  if (!document.hidden && pendingIds().length > 0) timer = setTimeout(poll, pause);
};

const poll = async () => {
  let hasChanged = false;
  for (const id of pendingIds()) {
    const { ok, status, body } = await request("GET", `/v1/reports/${id}`);
    if (status === 401) return;
    if (status === 404) removeRow(id);
    if (ok) hasChanged = show(body) || hasChanged;
  }
  pause = hasChanged ? SHORTEST : Math.min(pause * 1.5, LONGEST);
  schedule();
};
