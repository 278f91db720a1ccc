import { show as setText } from "./form.js";

const list = document.querySelector("#uploads");
const template = document.querySelector("template");
const said = document.querySelector("#said");

const STATES = {
  AWAITING: "not uploaded yet",
  PROCESSING: "processing",
  READY: "ready",
  FAILED: "failed",
};
const SENDING = {
  WAITING: "waiting",
  SENDING: "sending",
  INTERRUPTED: "interrupted, retrying",
  SENT: "uploaded",
  UNCONFIRMED: "uploaded",
  FAILED: "not sent",
};
const STEPS = {
  "image-resize": "creating sizes",
  "video-encode": "encoding",
  "video-package": "packaging",
  "video-thumbnails": "creating posters",
  "video-transcribe": "creating subtitles",
  "video-publish": "publishing",
};
const UNCONFIRMED = "The server has not confirmed the file yet. Retrying …";

export const makeRow = (filename) => {
  const row = template.content.cloneNode(true).firstElementChild;
  row.querySelector("strong").textContent = filename;
  row.querySelector("progress").ariaLabel = `Progress of ${filename}`;
  row.querySelector(".retry").ariaLabel = `Retry ${filename}`;
  return row;
};

export const prepend = (rows) => list.prepend(...rows);

export const rowOf = (id) => list.querySelector(`[data-id="${id}"]`);

/** Removes a row. If the focus was in it, it moves to the next one. */
export const removeRow = (row) => {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  const hadFocus = row.contains(document.activeElement);
  row.remove();
  if (hadFocus) (next?.querySelector(".delete") ?? document.querySelector("#drop input")).focus();
};

/** Shows the state of a file that is not sent yet. */
export const showSending = (row, { state, share, id, problem, canRetry = false }) => {
  if (id) row.dataset.id = id;
  else delete row.dataset.id;
  const percent = share === undefined ? "" : ` ${Math.floor(share * 100)} %`;
  row.querySelector(".quiet").textContent = SENDING[state] + percent;
  const bar = row.querySelector("progress");
  bar.hidden = share === undefined && id === undefined;
  if (share !== undefined) bar.value = share;
  const line = row.querySelector("[role=alert]");
  setProblem(line, state === "UNCONFIRMED" ? UNCONFIRMED : problem, row);
  const again = row.querySelector(".retry");
  const hadFocus = again === document.activeElement;
  again.hidden = !canRetry;
  const verb = state === "FAILED" ? "Remove" : "Cancel";
  nameButton(row, verb);
  if (hadFocus && again.hidden) row.querySelector(".delete").focus();
};

/** Shows an upload as the API describes it. */
export const showUpload = ({ id, filename, state, progress, problem, note, steps, files, url }) => {
  const row = rowOf(id) ?? addRow(id, filename);
  nameButton(row, "Delete");
  const status = (state === "PROCESSING" && currentSteps(steps)) || STATES[state];
  row.querySelector(".quiet").textContent = [status, note].filter(Boolean).join(" · ");
  const bar = row.querySelector("progress");
  const wasBusy = row.dataset.state === "PROCESSING";
  bar.hidden = state === "READY" || state === "FAILED";
  if (state === "PROCESSING") bar.value = progress;
  row.dataset.state = state;
  setProblem(row.querySelector("[role=alert]"), undefined, row);
  setText(row.querySelector(".error"), problem);
  if (state === "READY") row.querySelector(".files").replaceChildren(...present(files, filename, url));
  if (wasBusy && bar.hidden)
    said.textContent = `${filename}: ${[STATES[state], problem].filter(Boolean).join(". ")}`;
};

/** Shows why the last action failed. A screen reader announces the text with the name of the file. */
export const setProblem = (line, text, row) => {
  setText(line, text);
  if (text) line.prepend(make("span", { className: "unseen", textContent: `${nameOf(row)}: ` }));
};

const nameOf = (row) => row.querySelector("strong").textContent;

const nameButton = (row, verb) => {
  const button = row.querySelector(".delete");
  button.textContent = verb;
  button.ariaLabel = `${verb} ${nameOf(row)}`;
};

/** Keeps the list ordered, newest first: ids increase with time. */
const addRow = (id, filename) => {
  const row = makeRow(filename);
  row.dataset.id = id;
  list.insertBefore(row, [...list.children].find(({ dataset }) => dataset.id < id) ?? null);
  return row;
};

/** The names of the running steps. */
const currentSteps = (steps = []) => {
  const running = steps.filter(({ state }) => state === "RUNNING");
  return [...new Set(running.map(({ name }) => STEPS[name] ?? name))].join(", ");
};

/** A player for a video, or an image in the size that fits the screen. */
const present = (files, filename, original) => {
  const playlist = files.find(({ role }) => role === "PLAYLIST");
  const pictures = files.filter(({ role }) => role === (playlist ? "POSTER" : "VARIANT"));
  const webp = pictures.filter(({ contentType }) => contentType === "image/webp");
  const srcset = webp.map(({ url, width }) => `${url} ${width}w`).join(", ");
  const poster = webp.at(-1)?.url ?? pictures[0]?.url ?? "";
  const widest = Math.max(...webp.map(({ width }) => width));
  if (!playlist) return [make("img", { srcset, sizes: `${Math.min(320, widest)}px`, alt: filename })];
  const video = make("video", { poster, controls: true, preload: "metadata" });
  if (!video.canPlayType(HLS))
    return [
      make("img", { srcset, sizes: "320px", alt: filename }),
      make("a", { href: original, textContent: "Download the video (this browser cannot play it)" }),
    ];
  video.src = playlist.url;
  // Only Safari reads subtitles from the playlist.
  for (const { url } of files.filter(({ contentType }) => contentType === "text/vtt"))
    video.append(make("track", { kind: "subtitles", label: "Subtitles", src: url, default: true }));
  return [video];
};

const HLS = "application/vnd.apple.mpegurl";

const make = (name, properties) => Object.assign(document.createElement(name), properties);
