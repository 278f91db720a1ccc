import { reason, show as setText } from "./form.js";
import { isTemporary, post, send as request } from "./post.js";

const list = document.querySelector("#uploads");
const drop = document.querySelector("#drop input");
const alert = document.querySelector("#problem");
const older = document.querySelector("#older");
const TYPES = { mkv: "video/x-matroska", mov: "video/quicktime", avif: "image/avif" };

/** The cursor of the next page; undefined before the first page. */
let cursor;
let isLoggedOut = false;

/** Shows why a request failed. Without a session, the page stops. */
const showProblem = ({ status, body }) => {
  if (status === 401) return stop();
  setText(alert, reason(body));
  alert.scrollIntoView({ block: "nearest" });
};

const stop = () => {
  isLoggedOut = true;
  drop.disabled = true;
  setText(alert);
  const line = document.querySelector(cursor === undefined ? "#logged-out" : "#expired");
  line.hidden = false;
  line.scrollIntoView({ block: "nearest" });
};

/** Creates an upload, sends the file to its URL and completes the upload. */
const upload = async (file) => {
  setText(alert);
  // Some browsers do not detect every type.
  const contentType = file.type || TYPES[file.name.split(".").at(-1).toLowerCase()] || "";
  const kind = contentType.startsWith("video/") ? "VIDEO" : "IMAGE";
  const created = await post("/v1/uploads", {
    filename: file.name,
    contentType,
    bytes: file.size,
    kind,
  });
  if (!created.ok) return showProblem(created);
  const { id } = created.body;
  const row = show({ id, filename: file.name, state: "AWAITING", progress: 0, files: [] });
  const status = await put(created.body, file, (share) => {
    row.querySelector("progress").value = share;
  });
  const completed = status === 200 ? await complete(id, row) : NOT_SENT;
  if (!row.isConnected) return;
  if (completed.ok) return follow(id);
  showProblem(completed);
  if (!isLoggedOut) await remove(id);
};

const NOT_SENT = { ok: false, body: { title: "The file could not be sent. Try again." } };
const RETRYING = "The server has not confirmed the file yet. Retrying …";

/** Retries until the server responds: a lost response may have accepted the file. */
const complete = async (id, row) => {
  const line = row.querySelector("[role=alert]");
  row.querySelector(".quiet").textContent = "uploaded";
  for (;;) {
    const response = await post(`/v1/uploads/${id}/complete`, {});
    const retry = isTemporary(response) && row.isConnected;
    if (retry !== !line.hidden) setText(line, retry ? RETRYING : undefined);
    if (!retry) return response;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
};

const remove = async (id) => {
  const row = rowOf(id);
  const { ok, status, body } = await request("DELETE", `/v1/uploads/${id}`);
  if (ok || status === 404) return row.remove();
  setText(row.querySelector("[role=alert]"), status === 401 ? undefined : reason(body));
  if (status === 401) stop();
};

/** Uses XMLHttpRequest, because fetch does not report upload progress. */
const put = ({ method, url, headers }, file, onProgress) =>
  new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    xhr.onloadend = () => resolve(xhr.status);
    xhr.send(file);
  });

/** Shows the progress of an upload until it is processed. */
const follow = async (id) => {
  if (!isLoggedOut) handle(id, await load(id));
};

const load = (id) => request("GET", `/v1/uploads/${id}`);

const handle = (id, response) => {
  if (response.status === 401) return stop();
  if (response.status === 404) return rowOf(id)?.remove();
  if (response.ok) show(response.body);
  if (isTemporary(response) || response.body.state === "PROCESSING") setTimeout(follow, 1_000, id);
};

/** Shows the next page of the list. */
const showOlder = async () => {
  older.disabled = true;
  const page = await request("GET", `/v1/uploads?limit=10${cursor ? `&cursor=${cursor}` : ""}`);
  older.disabled = false;
  if (!page.ok) return showProblem(page);
  cursor = page.body.next;
  older.hidden = !cursor;
  const responses = await Promise.all(page.body.items.map(async ({ id }) => [id, await load(id)]));
  for (const [id, response] of responses) handle(id, response);
};

const STATES = {
  AWAITING: "not uploaded yet",
  PROCESSING: "processing",
  READY: "ready",
  FAILED: "failed",
};
const STEPS = {
  "image-resize": "creating sizes",
  "video-encode": "encoding",
  "video-package": "packaging",
  "video-thumbnails": "creating posters",
  "video-transcribe": "creating subtitles",
  "video-publish": "publishing",
};

/** The names of the running steps. */
const currentSteps = (steps = []) => {
  const running = steps.filter(({ state }) => state === "RUNNING");
  return [...new Set(running.map(({ name }) => STEPS[name] ?? name))].join(", ");
};

const show = ({ id, filename, state, progress, problem, note, steps, files, url }) => {
  const row = rowOf(id) ?? addRow(id);
  row.querySelector("strong").textContent = filename;
  row.querySelector("button").ariaLabel = `Delete ${filename}`;
  const status = (state === "PROCESSING" && currentSteps(steps)) || STATES[state];
  row.querySelector(".quiet").textContent = [status, note].filter(Boolean).join(" · ");
  const bar = row.querySelector("progress");
  bar.hidden = state === "READY" || state === "FAILED";
  if (state === "PROCESSING") bar.value = progress;
  setText(row.querySelector(".error"), problem);
  if (state === "READY") row.querySelector(".files").replaceChildren(...present(files, filename, url));
  return row;
};

const rowOf = (id) => list.querySelector(`[data-id="${id}"]`);

/** Keeps the list ordered, newest first: ids increase with time. */
const addRow = (id) => {
  const row = document.querySelector("template").content.cloneNode(true).firstElementChild;
  row.dataset.id = id;
  row.querySelector("button").addEventListener("click", () => void remove(id));
  list.insertBefore(row, [...list.children].find(({ dataset }) => dataset.id < id) ?? null);
  return row;
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

// The whole page accepts files: by default, the browser would open a dropped file.
addEventListener("dragover", (event) => {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault();
});
addEventListener("drop", (event) => {
  const { types, files } = event.dataTransfer;
  if (types.includes("Files")) event.preventDefault();
  if (!isLoggedOut) for (const file of files) void upload(file);
});
// An image dragged from the list would be treated as a file.
list.addEventListener("dragstart", (event) => event.preventDefault());
drop.addEventListener("change", ({ target }) => {
  for (const file of target.files) void upload(file);
  target.value = "";
});
older.addEventListener("click", showOlder);

await showOlder();
