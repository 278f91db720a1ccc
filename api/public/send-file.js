import { isTemporary, post, send as request } from "./post.js";

/** Milliseconds before each further attempt. */
const BACKOFF = [1_000, 4_000, 15_000];
/** Milliseconds until the next request, if the server names none. */
const THROTTLED = 5_000;
const UNCONFIRMED = 1_000;

// Some browsers do not detect every type.
const TYPES = { mkv: "video/x-matroska", mov: "video/quicktime", avif: "image/avif" };

/**
 * Sends one file: creates an upload, sends the file to its URL and completes the upload. Each attempt creates a new
 * upload, because a URL is valid for five minutes. Resolves with the last response and the upload's `id`.
 *
 * `turn` resolves when requests are permitted, `pause` stops all files for some milliseconds, `report` receives each
 * change of the state, and `signal` cancels.
 */
export const sendFile = async (file, steps) => {
  for (let failures = 0; ;) {
    await steps.turn();
    if (steps.signal.aborted) return {};
    const result = await tryOnce(file, steps);
    if (result.ok || !result.again || steps.signal.aborted) return result;
    if (result.status === 429) {
      steps.pause(result.retryAfter || THROTTLED);
    } else {
      if (failures === BACKOFF.length) return result;
      steps.report({ state: "INTERRUPTED" });
      await sleep(Math.max(BACKOFF[failures], result.retryAfter), steps.signal);
      failures += 1;
    }
    steps.report({ state: "WAITING" });
  }
};

const tryOnce = async (file, { signal, report }) => {
  report({ state: "SENDING", share: 0 });
  const created = await post("/v1/uploads", describe(file));
  if (!created.ok) return { ...created, again: isTemporary(created), isLoggedOut: created.status === 401 };
  const { id } = created.body;
  report({ state: "SENDING", share: 0, id });
  const stored = await put(created.body, file, signal, (share) => report({ state: "SENDING", share, id }));
  // 403: the URL has expired.
  const result = stored.ok
    ? await complete(id, signal, report)
    : { ...stored, again: isTemporary(stored) || stored.status === 403 };
  if (result.ok && !signal.aborted) return { ...result, id };
  // If this fails, the upload is deleted after a day.
  if (!result.isLoggedOut) await request("DELETE", `/v1/uploads/${id}`);
  return result;
};

const describe = (file) => {
  const contentType = file.type || TYPES[file.name.split(".").at(-1).toLowerCase()] || "";
  const kind = contentType.startsWith("video/") ? "VIDEO" : "IMAGE";
  return { filename: file.name, contentType, bytes: file.size, kind };
};

/** Uses XMLHttpRequest, because fetch does not report upload progress. */
const put = ({ method, url, headers }, file, signal, onProgress) =>
  new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    xhr.onloadend = () => {
      const { status } = xhr;
      const retryAfter = Number(xhr.getResponseHeader("retry-after")) * 1_000 || 0;
      resolve({ ok: status === 200, status, retryAfter, body: problemOf(xhr) });
    };
    signal.addEventListener("abort", () => xhr.abort());
    xhr.send(signal.aborted ? null : file);
  });

/** The problem of the API, or one of our own if a store responded or none did. */
const problemOf = (xhr) =>
  xhr.getResponseHeader("content-type")?.startsWith("application/problem+json")
    ? JSON.parse(xhr.responseText)
    : {
        title: `The file could not be sent. ${xhr.status === 0 ? "Check your connection and try" : "Try"} again.`,
      };

/** Retries until the server responds: a lost response may have accepted the file. */
const complete = async (id, signal, report) => {
  for (let state = "SENT"; ; state = "UNCONFIRMED") {
    report({ state, id });
    const response = await post(`/v1/uploads/${id}/complete`, {});
    if (!isTemporary(response) || signal.aborted)
      return { ...response, again: false, isLoggedOut: response.status === 401 };
    await sleep(response.retryAfter || UNCONFIRMED, signal);
  }
};

/** Resolves after some milliseconds, or when the signal aborts. */
export const sleep = (ms, signal) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal?.addEventListener("abort", resolve);
  });
