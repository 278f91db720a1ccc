import { post } from "./post.js";

const list = document.querySelector("#uploads");
const drop = document.querySelector("#drop");
const alert = document.querySelector("[role=alert]");
const TYPES = { mkv: "video/x-matroska", mov: "video/quicktime", avif: "image/avif" };

const tell = (problem) => {
  const { title, detail, errors: [error] = [] } = problem ?? {};
  alert.textContent = error?.message ?? [title, detail].filter(Boolean).join(" ");
  alert.hidden = !problem;
};

/** Announces a file, puts it to its URL, and says that it is there. */
const send = async (file) => {
  tell();
  // Not every browser knows every type.
  const contentType = file.type || TYPES[file.name.split(".").at(-1).toLowerCase()] || "";
  const kind = contentType.startsWith("video/") ? "VIDEO" : "IMAGE";
  const announced = await post("/v1/uploads", {
    filename: file.name,
    contentType,
    bytes: file.size,
    kind,
  });
  if (!announced.ok) return tell(announced.body);
  const { id } = announced.body;
  const row = show({ id, filename: file.name, state: "AWAITING", progress: 0, files: [] });
  const status = await put(announced.body, file, (share) => {
    row.querySelector("progress").value = share;
  });
  const sent = status === 200;
  const completed = sent ? await post(`/v1/uploads/${id}/complete`, {}) : NOT_SENT;
  if (completed.ok) return follow(id);
  tell(completed.body);
  await remove(id);
};

const NOT_SENT = { ok: false, body: { title: "The file could not be sent. Please try again." } };

const remove = async (id) => {
  const { ok } = await fetch(`/v1/uploads/${id}`, { method: "DELETE" });
  if (ok) list.querySelector(`[data-id="${id}"]`)?.remove();
};

/** fetch does not tell how much was sent. */
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
  const response = await fetch(`/v1/uploads/${id}`).catch(() => undefined);
  if (response?.status === 404) return list.querySelector(`[data-id="${id}"]`)?.remove();
  const upload = response?.ok ? await response.json() : undefined;
  if (upload) show(upload);
  const isAway = !response || response.status >= 500;
  if (isAway || upload?.state === "PROCESSING") setTimeout(follow, 1_000, id);
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
  const row = list.querySelector(`[data-id="${id}"]`) ?? addRow(id);
  row.querySelector("strong").textContent = filename;
  row.querySelector("button").ariaLabel = `Delete ${filename}`;
  const status = (state === "PROCESSING" && doing(steps)) || STATES[state];
  row.querySelector(".quiet").textContent = [status, note].filter(Boolean).join(" · ");
  const bar = row.querySelector("progress");
  bar.hidden = state === "READY" || state === "FAILED";
  if (state === "PROCESSING") bar.value = progress;
  const error = row.querySelector(".error");
  error.textContent = problem ?? "";
  error.hidden = !problem;
  if (state === "READY") row.querySelector(".files").replaceChildren(...present(files, filename, url));
  return row;
};

const addRow = (id) => {
  const row = document.querySelector("template").content.cloneNode(true).firstElementChild;
  row.dataset.id = id;
  row.querySelector("button").addEventListener("click", () => void remove(id));
  list.prepend(row);
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

drop.addEventListener("dragover", (event) => event.preventDefault());
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  for (const file of event.dataTransfer.files) void send(file);
});
drop.querySelector("input").addEventListener("change", ({ target }) => {
  for (const file of target.files) void send(file);
  target.value = "";
});

const known = await fetch("/v1/uploads?limit=10");
document.querySelector("#stranger").hidden = known.status !== 401;
if (known.ok) for (const { id } of (await known.json()).items.reverse()) await follow(id);
