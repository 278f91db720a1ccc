import { reason } from "./form.js";
import { makeRow, prepend, removeRow, showSending } from "./upload-rows.js";
import { sendFile, sleep } from "./send-file.js";

/** Files sent at the same time: a browser opens six connections to a server. */
const AT_ONCE = 3;
/** Statuses about the file itself: the same file would be refused again. */
const REFUSED = [400, 413, 415, 422];

/** By row. Those of earlier drops stay until their row is removed or another file is added. */
const entries = new Map();
const summary = document.querySelector("#summary");
let pausedUntil = 0;
let isStopped = false;
let onSent;
let onLoggedOut;

/** Sets what happens with the id of a file that was sent, and without a session. */
export const startSending = (handlers) => {
  ({ onSent, onLoggedOut } = handlers);
  addEventListener("beforeunload", (event) => {
    if (count("WAITING", "SENDING") > 0) event.preventDefault();
  });
};

/** Adds files to the list and sends them, three at a time, each with its own outcome. */
export const addFiles = (files) => {
  if (count("WAITING", "SENDING") === 0) forget("SENT");
  const added = [...files].map((file) => ({ file, row: makeRow(file.name), state: "WAITING" }));
  for (const entry of added) entries.set(entry.row, entry);
  prepend(added.map(({ row }) => row));
  for (const { row } of added) showSending(row, { state: "WAITING" });
  sendNext();
};

/** Whether a row is of a file that was not sent yet. */
export const isUnsent = (row) => entries.has(row) && entries.get(row).state !== "SENT";

export const retry = (row) => {
  const entry = entries.get(row);
  if (entry?.state !== "FAILED" || isStopped) return;
  entry.state = "WAITING";
  showSending(row, { state: "WAITING" });
  sendNext();
};

export const cancel = (row) => {
  const entry = entries.get(row);
  entries.delete(row);
  removeRow(row);
  entry.abort?.abort();
  sendNext();
};

/** Without a session nothing can be sent. */
export const stopSending = () => {
  isStopped = true;
  for (const entry of entries.values()) if (entry.state === "WAITING") fail(entry);
  showSummary();
};

const sendNext = () => {
  for (const entry of entries.values())
    if (entry.state === "WAITING" && count("SENDING") < AT_ONCE && !isStopped) void send(entry);
  showSummary();
};

const send = async (entry) => {
  const { file, row } = entry;
  entry.state = "SENDING";
  entry.abort = new AbortController();
  const { signal } = entry.abort;
  const report = (progress) => {
    if (!signal.aborted) showSending(row, progress);
  };
  const result = await sendFile(file, { signal, report, turn: () => turn(signal), pause });
  if (!signal.aborted) {
    if (result.ok) entry.state = "SENT";
    else if (result.isLoggedOut) fail(entry);
    else fail(entry, reason(result.body), !REFUSED.includes(result.status));
    if (result.ok) onSent(result.id);
    else if (result.isLoggedOut) onLoggedOut();
  }
  sendNext();
};

const fail = (entry, problem, canRetry = false) => {
  entry.state = "FAILED";
  showSending(entry.row, { state: "FAILED", problem, canRetry });
};

const pause = (ms) => {
  pausedUntil = Math.max(pausedUntil, Date.now() + ms);
  showSummary();
};

const turn = async (signal) => {
  while (Date.now() < pausedUntil && !signal.aborted) await sleep(pausedUntil - Date.now(), signal);
  showSummary();
};

const count = (...states) => [...entries.values()].filter(({ state }) => states.includes(state)).length;

const forget = (state) => {
  for (const [row, entry] of entries) if (entry.state === state) entries.delete(row);
};

/** A screen reader announces it, so it changes with the outcome of a file, not with its progress. */
const showSummary = () => {
  const total = entries.size;
  const failed = count("FAILED");
  const sent = count("SENT");
  const files = total === 1 ? "1 file" : `${total} files`;
  const parts = [`${sent} of ${files} sent`];
  if (failed > 0) parts.push(`${failed} not sent`);
  if (sent === total) parts.push("you can leave this page");
  else if (Date.now() < pausedUntil) parts.push(`the limit is reached, continues at ${timeOf(pausedUntil)}`);
  const text = total > 0 ? parts.join(" · ") : "";
  if (summary.textContent !== text) summary.textContent = text;
  summary.hidden = total === 0;
};

const timeOf = (ms) =>
  new Date(ms).toLocaleTimeString([], { timeStyle: ms - Date.now() < 60_000 ? "medium" : "short" });
