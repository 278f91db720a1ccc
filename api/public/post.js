/**
 * Sends a request. Resolves with the status (0 without a response), the body and the milliseconds of Retry-After (0
 * without one); never rejects.
 */
export const send = async (method, path, data) => {
  let status = 0;
  let retryAfter = 0;
  try {
    const response = await fetch(path, {
      method,
      ...(data && { headers: { "content-type": "application/json" }, body: JSON.stringify(data) }),
    });
    ({ status } = response);
    retryAfter = Number(response.headers.get("retry-after")) * 1_000 || 0;
    return { ok: response.ok, status, retryAfter, body: status === 204 ? {} : await response.json() };
  } catch {
    return { ok: false, status, retryAfter, body: { title: "The server is unavailable. Try again." } };
  }
};

export const post = (path, data) => send("POST", path, data);

const TEMPORARY = [408, 429];

/** Whether the same request may succeed later. */
export const isTemporary = ({ ok, status }) =>
  !ok && (status < 400 || status >= 500 || TEMPORARY.includes(status));
