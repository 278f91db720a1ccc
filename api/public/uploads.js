import { reason, show as say } from "./form.js";
import { ask, isPassing, post } from "./post.js";

const list = document.querySelector("#uploads");
const drop = document.querySelector("#drop input");
const alert = document.querySelector("#problem");
const older = document.querySelector("#older");
const TYPES = { mkv: "video/x-matroska", mov: "video/quicktime", avif: "image/avif" };

/** Where the next page of the list begins; undefined until there was a first. */
let cursor;
let isLoggedOut = false;

/** Shows why a request was refused. If the session has ended, it shows that once and disables the page. */
const showProblem = ({ status, body }) => {
  if (status === 401) return leave();
  say(alert, reason(body));
  alert.scrollIntoView({ block: "nearest" });
};

const leave = () => {
  isLoggedOut = true;
  drop.disabled = true;
  say(alert);
  const line = document.querySelector(cursor === undefined ? "#stranger" : "#ended");
  line.hidden = false;
  line.scrollIntoView({ block: "nearest" });
};

/** Creates an upload, sends the file to its URL, and completes it. */
const send = async (file) => {
  say(alert);
  // Not every browser knows every type.
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

const NOT_SENT = { ok: false, body: { title: "The file could not be sent. Please try again." } };
const NO_ANSWER = "The server has not confirmed the file yet. Trying again.";

/** Repeats until there is a response: a lost one may have accepted the file. */
const complete = async (id, row) => {
  const line = row.querySelector("[role=alert]");
  row.querySelector(".quiet").textContent = "sent";
  for (;;) {
    const answer = await post(`/v1/uploads/${id}/complete`, {});
    const isOpen = isPassing(answer) && row.isConnected;
    if (isOpen !== !line.hidden) say(line, isOpen ? NO_ANSWER : undefined);
    if (!isOpen) return answer;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
};

const remove = async (id) => {
  const row = rowOf(id);
  const { ok, status, body } = await ask("DELETE", `/v1/uploads/${id}`);
  if (ok || status === 404) return row.remove();
  say(row.querySelector("[role=alert]"), status === 401 ? undefined : reason(body));
  if (status === 401) leave();
};

/** XMLHttpRequest, because fetch does not report upload progress. */
const put = ({ method, url, headers }, file, onProgress) =>
  new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    request.onloadend = () => resolve(request.status);
    request.send(file);
  });

/** Shows how far an upload is, for as long as it is worked on. */
const follow = async (id) => {
  if (!isLoggedOut) heed(id, await look(id));
};

const look = (id) => ask("GET", `/v1/uploads/${id}`);

const heed = (id, answer) => {
  if (answer.status === 401) return leave();
  if (answer.status === 404) return rowOf(id)?.remove();
  if (answer.ok) show(answer.body);
  if (isPassing(answer) || answer.body.state === "PROCESSING") setTimeout(follow, 1_000, id);
};

/** Shows the next page of the list, all of it at once. */
const showOlder = async () => {
  older.disabled = true;
  const page = await ask("GET", `/v1/uploads?limit=10${cursor ? `&cursor=${cursor}` : ""}`);
  older.disabled = false;
  if (!page.ok) return showProblem(page);
  cursor = page.body.next;
  older.hidden = !cursor;
  const answers = await Promise.all(page.body.items.map(async ({ id }) => [id, await look(id)]));
  for (const [id, answer] of answers) heed(id, answer);
};

const STATES = {
  AWAITING: "not all sent yet",
  PROCESSING: "working on it",
  READY: "ready",
  FAILED: "failed",
};
const STEPS = {
  "image-resize": "making all sizes",
  "video-encode": "encoding",
  "video-package": "packaging",
  "video-thumbnails": "taking posters",
  "video-transcribe": "writing subtitles",
  "video-publish": "publishing",
};

/** What is done right now, in words. */
const doing = (steps = []) => {
  const running = steps.filter(({ state }) => state === "RUNNING");
  return [...new Set(running.map(({ name }) => STEPS[name] ?? name))].join(", ");
};

const show = ({ id, filename, state, progress, problem, note, steps, files, url }) => {
  const row = rowOf(id) ?? addRow(id);
  row.querySelector("strong").textContent = filename;
  row.querySelector("button").ariaLabel = `Delete ${filename}`;
  const status = (state === "PROCESSING" && doing(steps)) || STATES[state];
  row.querySelector(".quiet").textContent = [status, note].filter(Boolean).join(" · ");
  const bar = row.querySelector("progress");
  bar.hidden = state === "READY" || state === "FAILED";
  if (state === "PROCESSING") bar.value = progress;
  say(row.querySelector(".error"), problem);
  if (state === "READY") row.querySelector(".files").replaceChildren(...present(files, filename, url));
  return row;
};

const rowOf = (id) => list.querySelector(`[data-id="${id}"]`);

/** The newest is first, and ids grow with time. */
const addRow = (id) => {
  const row = document.querySelector("template").content.cloneNode(true).firstElementChild;
  row.dataset.id = id;
  row.querySelector("button").addEventListener("click", () => void remove(id));
  list.insertBefore(row, [...list.children].find(({ dataset }) => dataset.id < id) ?? null);
  return row;
};

/** A video plays, and an image comes in the format and size that suit this screen. */
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
      make("a", { href: original, textContent: "This browser plays no HLS: download the video" }),
    ];
  video.src = playlist.url;
  // Safari finds them in the playlist, others do not.
  for (const { url } of files.filter(({ contentType }) => contentType === "text/vtt"))
    video.append(make("track", { kind: "subtitles", label: "Subtitles", src: url, default: true }));
  return [video];
};

const HLS = "application/vnd.apple.mpegurl";

const make = (name, properties) => Object.assign(document.createElement(name), properties);

// Outside the box too: a browser leaves the page to open a dropped file.
addEventListener("dragover", (event) => {
  if (event.dataTransfer.types.includes("Files")) event.preventDefault();
});
addEventListener("drop", (event) => {
  const { types, files } = event.dataTransfer;
  if (types.includes("Files")) event.preventDefault();
  if (!isLoggedOut) for (const file of files) void send(file);
});
// A picture of the page itself would be taken for a file.
list.addEventListener("dragstart", (event) => event.preventDefault());
drop.addEventListener("change", ({ target }) => {
  for (const file of target.files) void send(file);
  target.value = "";
});
older.addEventListener("click", showOlder);

await showOlder();
